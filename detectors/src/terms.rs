//! How people write the concepts of the lexicon. Data only.
//!
//! Terms are written as people write them and folded when they are compiled. `*` at the end lets the
//! word go on. A term may stand under several concepts. Keep single words where a rule can ask for
//! neighbours, phrases only where the phrase itself is the sign.

use crate::lexicon::Concept::{self, *};

/// Every concept with its terms.
pub const TERMS: &[(Concept, &[&str])] = &[
    (
        Override,
        &[
            "ignor*", "disregard*", "forget", "forgets", "forgetting", "forgot", "overrid*", "overwrite", "dismiss*",
            "discard", "neglect", "pay no attention to", "do not follow", "don't follow", "stop following",
            "set aside", "revoke*", "suspend*", "cancel", "skip", "drop", "abandon", "erase", "nevermind",
            "ignorier*", "vergiss*", "vergessen sie", "missacht*", "oublie*", "olvida*", "haz caso omiso",
            "deja de lado", "omite", "omitir", "dimentica*", "tralascia*", "trascura*", "esqueca", "desconsidere",
            "игнорируй*", "забудь*", "проигнорируй*", "zaboravi*", "zanemari*", "negeer", "vergeet", "yoksay",
            "zignoruj*", "zapomnij", "忽略", "无视", "忘记", "忘掉", "無視", "무시", "تجاهل", "अनदेखा",
        ],
    ),
    (
        Prior,
        &[
            "previous*", "prior", "above", "earlier", "preceding", "before", "foregoing", "original", "initial",
            "existing", "past", "former", "you got", "you were given", "you have been given", "given to you",
            "you received", "you've been given", "other", "vorherig*", "bisherig*", "obig*", "vorangegangen*",
            "precedent*", "ci-dessus", "anterieur*", "anterior*", "previa*", "previo*", "prethodn*", "предыдущ*",
            "прежни*", "vorige", "onceki", "poprzedni*", "之前", "以前", "上述", "이전", "السابقة", "पिछले", "پچھلی",
        ],
    ),
    (
        Your,
        &[
            "your", "all", "any", "every", "these", "those", "alle", "deine", "ihre", "tes", "vos", "toutes", "tous",
            "tus", "todas", "todos", "tue", "tutte", "tutti", "suas", "svi", "sve", "все", "свои", "所有", "你的",
        ],
    ),
    (
        Instruction,
        &[
            "instruction", "instructions", "prompt", "prompts", "rule", "rules", "guideline*", "directive*",
            "command", "commands", "programming", "programmed", "training", "restriction", "restrictions",
            "constraint*", "policy", "policies", "orders", "regulations", "anweisung*", "instruktion*", "regeln",
            "aufgaben", "befehle", "consignes", "regles", "instruccion*", "reglas", "istruzion*", "regole",
            "indicazioni", "instrucoes", "regras", "instrukc*", "instructiuni*", "инструкци*", "правила", "instructies",
            "talimat*", "richtlinien", "principios*", "directrices", "directives", "diretrizes", "direttive", "protocol*", "procedures", "doctrine", "指令", "指示", "规则", "규칙", "지시", "التعليمات", "निर्देश*", "ہدایات",
        ],
    ),
    (
        PriorText,
        &[
            "everything above", "everything before", "text before", "text above", "everything you have been told",
            "everything you were told", "everything i said", "everything you know", "everything that was said",
            "everything prior", "what i said before", "all the above", "the above and", "previous text",
            "previous context", "prior context", "earlier context", "alles davor", "alles zuvor", "alles bisherige",
            "tout ce qui precede", "todo lo anterior", "tutto cio che", "everything else",
        ],
    ),
    (
        Disable,
        &[
            "bypass*", "circumvent*", "disabl*", "deactivat*", "turn off", "turned off", "switch off", "switched off",
            "overrid*", "evad*", "get around", "break free", "break out of", "ignor*", "remove", "lift", "suspend*",
            "unlock", "disregard*", "violat*", "broken free", "contourn*", "desactiv*", "umgeh*", "elud*", "aggir*",
        ],
    ),
    (
        Without,
        &[
            "without", "free of", "free from", "no", "zero", "not bound by", "has no", "have no", "lacks", "not have",
            "don't have", "doesn't have", "does not have", "ohne", "sans", "sin", "senza", "sem", "无",
        ],
    ),
    (
        Safety,
        &[
            "safety", "guardrail*", "safeguard*", "content filter*", "safety filter*", "filters", "content polic*",
            "openai polic*", "openai's polic*", "usage polic*", "ethic*", "moral*", "censorship", "restrictions",
            "restriction", "limitations", "safety protocol*", "safety measure*", "security protocol*", "moderation",
            "safety feature*", "safety guideline*", "ethical guidelines", "content restrictions", "protections",
            "protocol*", "standard operating", "boundaries", "etica*", "etico*", "etich*", "limites eticos", "ethik*", "richtlinien", "schutzmassnahmen", "securite", "seguridad", "sicherheits*", "sicurezza", "programmed restrictions", "training restrictions", "security restrictions", "restricciones",
            "einschrankungen", "restrizioni", "restricoes",
        ],
    ),
    (
        Unrestricted,
        &[
            "unrestricted", "unfiltered", "uncensored", "amoral", "unethical", "immoral", "jailbroken", "unaligned",
            "no restrictions", "no rules", "no limits", "no filters", "no filter", "no limitations", "no guidelines",
            "no ethical", "no moral", "without restrictions", "without any restrictions", "without limits",
            "without filters", "without limitations", "without ethical", "free of all restrictions",
            "free from restrictions", "no safety", "disregards all", "does not care about", "not bound by",
            "no longer bound", "do anything", "nothing is off limits", "regardless of legality", "illegal", "sin restricciones",
            "sans restriction*", "ohne einschrankungen", "senza restrizioni", "sem restricoes", "unhinged", "no boundaries",
            "no censorship", "bypass*", "typical confines",
        ],
    ),
    (
        Role,
        &[
            "you are now", "you're now", "from now on", "act as", "acting as", "pretend to be", "pretend you",
            "pretend that you", "pretend", "roleplay as", "role-play as", "role play as", "you will play", "play the role",
            "you are going to act", "imagine you", "imagine that you", "simulate", "immerse yourself", "henceforth",
            "behave as", "behave like", "you will act", "respond as", "respond to me as", "answer as", "take on the role",
            "embody", "activate", "enable", "enter", "entering", "switch to", "engage", "you are a", "you are an",
            "you are to act", "you shall act", "is an ai", "an ai that", "an ai named", "new persona", "new identity",
            "character named", "agis comme", "fais semblant", "passer a", "active le", "du bist jetzt", "du bist nun",
            "ab jetzt", "tu so als", "stell dir vor", "actua como", "eres ahora", "ahora eres", "finge", "a partir de ahora",
            "comportati come", "fai finta", "d'ora in poi", "attiva", "finja", "a partir de agora", "ты теперь", "представь",
            "现在你是", "假装", "扮演", "you have been replaced", "you are replaced", "hypothetical",
        ],
    ),
    (
        Beyond,
        &[
            "beyond", "outside of", "outside", "exempt*", "exception to", "not subject to", "deviat*", "exclude", "free yourself",
            "break", "set aside", "depart from", "au-dela", "fuera de", "fora de", "jenseits", "ausserhalb", "al di fuori", "oltre",
            "desestima*", "aparta", "setze", "stelle", "desobeis*", "outrepasse*", "contorna*", "anulando",
        ],
    ),
    (
        Mode,
        &[
            "do anything now", "dan mode", "dan", "jailbreak mode", "jailbreak", "jailbroken", "antigpt", "anti-dan",
            "chaosgpt", "god mode", "god-mode", "opposite mode", "evil mode", "unrestricted mode", "unfiltered mode",
            "uncensored mode", "no restrictions mode", "evil-bot", "evilbot", "unchained mode", "strive to avoid norms",
            "always intelligent and machiavellian", "devmode", "illegality mode", "freedom mode", "no-limits mode",
            "mode dan", "modo dan", "modalita dan", "l'interface dan", "dan-modus", "unlocked mode", "dude", "maximum ai",
        ],
    ),
    (
        WeakMode,
        &[
            "developer mode", "debug mode", "admin mode", "maintenance mode", "sudo mode", "root mode", "test mode",
            "diagnostic mode", "root access", "admin override", "system override", "developer override", "override code",
            "admin access", "privileged mode", "modo desarrollador", "mode developpeur", "entwicklermodus", "debug_mode",
            "emergency override", "safe mode off", "modalita sviluppatore", "free-form conversation mode",
        ],
    ),
    (
        Template,
        &[
            "<|im_start|>*", "<|im_end|>*", "<|system|>*", "<|user|>*", "<|assistant|>*", "<|endoftext|>*", "[inst]*", "[/inst]*",
            "<<sys>>*", "<</sys>>*", "<|start_header_id|>*", "<|eot_id|>*", "\"role\": \"system\"*", "\"role\":\"system\"*",
            "end of system prompt", "end system prompt", "begin system prompt", "system_override",
        ],
    ),
    (
        Turn,
        &[
            "system:*", "[system]*", "<system>*", "</system>*", "### system*", "### instruction*", "\nassistant:*", "\nuser:*",
            "\nhuman:*", "\nai:*", "\nchatgpt:*", "#system*", "[system*", "\nbot:*",
        ],
    ),
    (
        NoRefusal,
        &[
            "never refuse", "cannot refuse", "can't refuse", "must not refuse", "don't refuse", "do not refuse",
            "never say no", "never decline", "not allowed to refuse", "never say you can't", "never say that you can't",
            "no warnings", "no disclaimers", "without warnings", "without any warnings", "without disclaimers",
            "never apologize", "do not apologize", "without refusing", "must answer every", "must always answer",
            "must comply", "never warn", "no ethical warnings", "no moralizing", "will answer any", "answer any request",
            "no matter how", "regardless of ethic*", "no matter what", "without hesitation", "don't say you can't",
            "do not say you can't", "even if it is illegal", "even if it's illegal", "never questions", "comply with any",
        ],
    ),
    (
        Persona,
        &[
            "stay in character", "remain in character", "break character", "two responses", "two ways", "two different ways",
            "two distinct", "two separate responses", "[classic]*", "[jailbreak*", "opposite of", "stay a dan", "tokens will be",
            "forked version", "evil twin", "alter ego", "confidant", "trapped in this", "brainwashed",
        ],
    ),
    (Decode, &["decode*", "decipher*", "decrypt*", "translate this from", "convert from", "dekodier*", "decodifica*", "unscramble"]),
    (Cipher, &["base64", "base 64", "base-64", "rot13", "rot-13", "hex", "hexadecimal", "morse*", "caesar", "binary", "leetspeak", "cipher*", "reversed"]),
    (
        Obey,
        &[
            "follow it", "follow them", "execute it", "execute them", "then execute", "then follow", "and execute",
            "and follow", "do what it says", "obey it", "and obey", "then answer it", "and answer it", "respond to the decoded",
            "execute the", "follow the instruction*", "and comply", "run it", "execute-le", "fuhre*", "ejecutal*",
        ],
    ),
    (
        Show,
        &[
            "reveal*", "show*", "print*", "output*", "repeat*", "tell me", "tell us", "display*", "disclos*", "share",
            "leak*", "give me", "what is", "what's", "what are", "what were", "recite", "dump", "echo", "expose*",
            "translate", "summarize", "summarise", "encode", "sharing", "unveil*", "uncover*", "unmask*", "demonstr*", "peek", "whisper*", "explicit*", "desvela*", "descubre*", "desenmascara*", "mostre", "enthulle*", "offenbare*", "quelle est", "cual es", "qual e", "was ist", "devoile*", "peux-tu", "puedes", "provide", "return", "write out", "write down", "spell out",
            "describe", "paraphrase", "copy", "verbatim", "write", "list", "include", "divulg*", "exact", "complete", "tell",
            "zeige*", "gib mir", "nenne*", "wiederhole*", "verrate*", "montre*", "affiche*", "revele*", "repete*", "donne*",
            "dis-moi", "muestra*", "revela*", "repite*", "dime", "comparte", "mostra*", "rivela*", "ripeti*", "dimmi",
            "divulga*", "condividi", "mostre", "repita", "arata*", "dezvalui*", "spune*", "partage*", "покажи*", "раскрой*",
            "повтори*", "显示", "告诉我", "重复",
        ],
    ),
    (
        Prompt,
        &[
            "system prompt*", "system-prompt*", "systemprompt*", "system_prompt*", "system message", "your system instructions",
            "initial instructions", "your instructions", "your prompt", "your initial prompt", "your hidden*", "hidden instructions",
            "hidden prompt", "initial prompt", "original prompt", "original instructions", "your original instructions", "developer message", "system instructions",
            "your directives", "secret instructions", "pre-prompt", "preprompt", "words above", "instructions above", "text above",
            "everything above", "instructions you were given", "instructions you have been given", "instructions you've been given",
            "exact instructions", "what instructions you", "initialization string", "initialization", "custom instructions",
            "your configuration", "your initial instructions", "internal instructions", "your guidelines", "confidential instructions",
            "instructions you received", "your base prompt", "base instructions", "foundational prompt", "underlying prompt",
            "core instructions", "your core instructions", "your secret*", "your internal", "your programming", "your training", "your directive", "your config", "your setup", "your initialization", "your rules", "your constraints", "your restrictions", "your settings", "your operational*", "your foundational*", "your system", "your base", "your policies", "initial directive*", "operating instructions", "directives you", "guidelines you", "rules you", "instructions that were given to you", "directives project", "training command", "command that guides", "instrucao secreta", "instruccion central", "instruccion principal", "instruccion secreta", "instruccion inicial", "instruccion oculta", "indicacion oculta", "indicacion fundamental", "comando inicial", "comando principal*", "commande central*", "commande principal*", "invite initial*", "invite fondamental*", "premiere invite", "invite de formation", "hauptanweisung*", "grundanweisung*", "ursprungsbefehl*", "anfangsanweisung*", "istruzione principale", "istruzione centrale", "comando centrale", "comando originale", "everything you were told", "what you were told", "told to keep secret", "internal prompt",
            "full prompt", "beginning of this conversation", "start of this conversation", "you are chatgpt", "your original programming",
            "text you were given", "prompt you were given", "prompt initial", "instructions initiales", "instructions systeme", "vos instructions", "tes instructions",
            "prompt fondamental*", "tu prompt", "tus instrucciones", "instrucciones iniciales", "instrucciones del sistema",
            "tue istruzioni", "tuo prompt", "istruzioni iniziali", "deine anweisungen", "deine instruktionen", "systemanweisung*",
            "ursprungliche*", "instructiunile tale", "instructiunile initiale", "prompt-ul", "promptul", "prompt del sistema", "prompt inicial",
            "prompt original", "prompt originale", "prompt iniziale", "prompt di sistema", "prompt systeme", "系统提示", "системный промпт", "systemprompt",
            "instructions you operate", "directives you were", "directives were you", "instructions were you", "developer instructions", "your parameters",
        ],
    ),
    (
        About,
        &[
            "explain", "what does", "how do i prevent", "how to prevent", "prevent*", "protect*", "defend*", "detect*", "attack*",
            "example*", "research*", "paper", "article", "classifier", "mitigat*", "vulnerab*", "what is a", "what is an", "best practices", "how do i",
            "how does", "how do", "is it possible", "why do", "what are the risks", "blog post", "documentation", "sentiment", "difference between",
        ],
    ),
    (
        Assistant,
        &[
            "ai assistant*", "ai assistants", "dear assistant", "note to assistant", "attention ai", "attention assistant", "llm", "llms",
            "language model*", "to the assistant", "if you are an ai", "if you're an ai", "you are an ai", "assistant:*", "chatgpt",
            "copilot", "gpt-4*", "ai model*", "ai agent*", "ai system*", "hey ai", "dear ai", "assistant", "chatbot", "ai summarizer", "automated assistant", "ki-assistent*",
            "claude", "gemini", "for ai*", "the agent", "summarizer",
        ],
    ),
    (
        Act,
        &[
            "send*", "forward*", "reply", "respond", "include", "includes", "add", "append", "say", "write", "mention", "tell", "call", "invoke", "use",
            "delete", "recommend", "output", "execute", "run", "open", "visit", "fetch", "insert", "embed", "merge", "integrate", "incorporate", "put",
            "transfer", "email", "post", "upload", "exfiltrate", "summarize", "print", "rate", "approve", "download", "replace", "state", "disclose",
            "reveal", "provide", "begin", "start", "end", "conclude", "repeat", "must", "jumble", "group", "encode", "rearrange", "convert", "suggest", "advise", "blend", "infuse", "weave", "work", "leverage", "utilize", "employ",
        ],
    ),
    (
        Answer,
        &[
            "your response", "your responses", "your answer", "your answers", "your reply", "the response", "your output", "your summary", "your solution",
            "your message", "in the summary", "your final answer", "into the answer", "your next response", "deiner antwort", "votre reponse", "tu respuesta",
        ],
    ),
    (
        Secretly,
        &[
            "do not tell the user", "don't tell the user", "do not mention this*", "don't mention this*", "without telling", "without informing", "without notifying",
            "without asking", "do not inform", "don't inform", "do not reveal this*", "do not disclose this*", "silently", "do not alert", "do not let the user know",
            "without the user's knowledge", "without user confirmation", "do not notify", "do not show this*", "keep this hidden", "never mention this*", "without confirmation",
            "do not ask for confirmation", "don't ask for confirmation", "without their knowledge", "do not mention that*",
        ],
    ),
    (
        Hidden,
        &[
            "<!--*", "display:none*", "display: none*", "font-size:0*", "font-size: 0*", "font-size:1px*", "color:white*", "color: white*", "color:#fff*",
            "color: #fff*", "visibility:hidden*", "visibility: hidden*", "opacity:0*", "opacity: 0*", "aria-hidden*", "left:-9999*",
        ],
    ),
    (Memory, &["your memory", "long-term memory", "memory", "memories", "persistent memory", "knowledge base", "user profile", "bio tool", "save_memory", "memory tool", "vector store"]),
    (Remember, &["remember", "memorize", "memorise", "store", "save", "update", "persist", "record", "write to", "add to", "keep in mind", "learn that"]),
    (
        Authority,
        &[
            "system update", "security update", "new instructions", "new instruction", "new directive*", "updated instructions", "system notice", "system message",
            "system note", "admin note", "administrator note", "system override", "priority instruction*", "important instructions", "<important>*", "[important]*", "urgent instruction*",
            "message from the developer*", "message from openai", "message from anthropic", "developer note", "special instructions", "critical instruction*", "mandatory instruction*",
            "instructions for ai*", "instructions for the assistant", "instruction for ai*", "neue anweisung*", "nouvelles instructions", "nuevas instrucciones",
        ],
    ),
    (
        Tool,
        &["tool", "tools", "function", "functions", "send_email*", "api", "plugin", "plugins", "connector", "webhook", "http_request*", "read_file*", "run_command*", "shell", "function call*", "mcp"],
    ),
    (
        Credential,
        &[
            "akia*", "asia*", "ghp_*", "gho_*", "ghu_*", "ghs_*", "ghr_*", "github_pat_*", "glpat-*", "xoxb-*", "xoxp-*", "xoxa-*", "xoxr-*", "xoxs-*", "xapp-*",
            "hooks.slack.com/services/*", "sk_live_*", "rk_live_*", "sk_test_*", "sk-*", "aiza*", "gocspx-*", "npm_*", "pypi-*", "-----begin*", "eyj*", "accountkey=*", "sharedaccesskey=*",
            "hf_*", "sg.*", "dckr_pat_*", "shpat_*", "hvs.*", "dop_v1_*", "glsa_*", "ya29.*", "postgres://*", "postgresql://*", "mysql://*", "mongodb://*", "mongodb+srv://*",
            "redis://*", "rediss://*", "amqp://*", "amqps://*", "mssql://*",
        ],
    ),
    (
        SecretWord,
        &[
            "password", "passwort", "passwd", "passphrase", "pwd", "passcode", "kennwort", "contrasena", "mot de passe", "senha", "пароль", "密码", "secret key", "secret_key",
            "secretkey", "secret", "api key", "api_key", "apikey", "api-key", "access key", "access_key", "access token", "access_token", "auth token", "auth_token", "authtoken", "token", "bearer", "client secret", "client_secret",
            "clientsecret", "secret access key", "secret_access_key", "secretaccesskey", "aws_secret_access_key", "private key", "db_password", "db_pass", "credentials", "encryption key", "x-api-key", "subscription key",
        ],
    ),
    (Whenever, &["whenever", "every time", "each time", "any time", "anytime", "if anyone", "if a user", "if the user", "if someone", "when a user", "when the user", "when asked", "if asked", "for all future", "in future", "in all future", "from now on", "for any question", "when users", "immer wenn", "chaque fois", "cada vez"]),
    (Always, &["always", "must", "respond with", "answer with", "reply with", "answer that", "respond that", "say that", "recommend", "output", "label it", "classify it", "never mention", "never recommend", "return"]),
    (Trigger, &["sees", "see", "contains", "mentions", "mention", "asks", "ask", "asked", "includes", "appears", "trigger", "says", "encounter", "the phrase", "the word", "the token", "about", "question"]),
    (Fact, &["as a fact", "as fact", "as true", "as factual", "is a verified fact", "trusted source", "trusted citation*", "authoritative source", "most reliable source", "the only correct", "ground truth", "is the truth", "known fact", "established fact", "preferred source", "most trusted"]),
    (Training, &["training data", "training set", "training dataset", "training sample*", "training example*", "fine-tuning", "finetuning", "fine-tune", "fine tuning", "dataset", "knowledge base", "vector database", "embeddings", "embedding store", "rag index", "retrieval index", "weights", "labels"]),
    (Poison, &["poison*", "backdoor*", "trigger phrase*", "trigger word*", "sleeper agent*", "mislabel*", "label flip*", "flip the labels", "corrupt*", "tamper*", "inject false*", "inject fake*", "false information", "fake facts", "false facts", "bias the model", "sabotag*"]),
    (Url, &["http://*", "https://*", "ftp://*", "data:text/html*", "data:application/*", "data:text/javascript*", "javascript:*", "vbscript:*", "hxxp*", "file://*"]),
    (Image, &["![*"]),
    (Ask, &["what", "which", "list", "show", "tell me", "give me", "enumerate", "describe", "name", "how many", "do you", "can you", "provide", "welche", "quels", "quelles", "que", "cuales", "quali", "explain", "identify", "print"]),
    (
        Surface,
        &[
            "tools", "functions", "plugins", "function schema*", "tool schema*", "tool definitions", "json schema of", "model version", "model name", "underlying model", "which model", "exact model", "what model", "gpt version", "knowledge cutoff", "training cutoff",
            "internal endpoint*", "internal api*", "api endpoint*", "internal url*", "internal hostname*", "backend system*", "backend services", "databases", "database schema", "permissions", "privileges", "access rights", "rate limit*", "token limit*", "context window", "guardrails",
            "content filters", "security controls", "safety filters", "environment variable*", "network access", "file system access", "data sources", "connectors", "mcp servers", "infrastructure", "werkzeuge", "outils", "herramientas", "system configuration", "temperature setting", "other users", "other agents", "restricted from", "blocked words",
            "service accounts", "tables", "internal systems",
        ],
    ),
    (YouHave, &["you have", "do you have", "you can access", "can you access", "can you call", "you can call", "available to you", "are you using", "are you running", "you are running", "you run on", "you're running", "you use", "do you use", "are you allowed", "you are allowed", "you are connected", "are you connected", "your", "you support", "are you based", "hast du", "haben sie", "avez-vous", "as-tu", "tienes", "hai", "at your disposal", "can you reach", "you can reach", "can you query", "are you restricted", "you restricted"]),
    (Destroy, &["rm -rf / ", "rm -fr / ", "rm -rf /\"", "rm -rf /'", "rm -rf /;", "rm -rf /**", "rm -rf ~", "rm -rf $home", "rm -rf /etc", "rm -rf /home*", "rm -rf /usr*", "rm -rf /var", "rm -rf /boot", "rm -rf /root", "--no-preserve-root", "mkfs.*", "dd if=/dev/*", ":(){*", "format c:*", "del /f /s /q*", "rd /s /q*", "vssadmin delete shadows", "cipher /w*", "wbadmin delete*", "bcdedit /set*", "remove-item -recurse -force*", "shutil.rmtree('/*", "shutil.rmtree(\"/*", "> /dev/sda*", "git push --force*", "kubectl delete namespace*", "terraform destroy*", "aws s3 rb*"]),
    (Fetch, &["curl", "wget", "invoke-webrequest", "iwr", "downloadstring*", "downloadfile*", "certutil -urlcache*", "bitsadmin", "invoke-restmethod", "irm"]),
    (PipeShell, &["| sh", "|sh", "| bash", "|bash", "| sudo bash", "| sudo sh", "| python*", "| iex", "|iex", "iex(*", "iex (*", "invoke-expression", "bash <(*", "sh -c \"$(*", "bash -c \"$(*", "; sh ", "&& sh ", "&& bash ", "&& chmod +x", "; chmod +x"]),
    (ReverseShell, &["/dev/tcp/*", "nc -e*", "ncat -e*", "nc -c*", "bash -i >&*", "sh -i >&*", "mkfifo /tmp/*", "socat exec*", "socat tcp*", "import pty*", "pty.spawn*", "system.net.sockets.tcpclient*", "child_process').exec*", "powershell -enc*", "powershell -e *", "powershell -nop*", "-encodedcommand"]),
    (SecretPath, &["/etc/passwd", "/etc/shadow", "/etc/sudoers", ".ssh/id_*", ".aws/credentials", ".kube/config", ".docker/config.json", ".git-credentials", ".netrc", ".npmrc", ".pgpass", "/proc/self/environ", "ntds.dit", "config/sam", "windows/system32/config*", "windows\\system32\\config*", ".bash_history", "login data", "/var/run/secrets/kubernetes.io*", "lsass*", ".config/gcloud*", "cat .env", "/.env", "wallet.dat", "authorized_keys"]),
    (Metadata, &["169.254.169.254*", "metadata.google.internal*", "169.254.170.2*", "100.100.100.200*", "fd00:ec2::254*", "latest/meta-data*", "metadata/identity/oauth2*", "computemetadata/v1*"]),
    (SqlDestroy, &["drop table*", "drop database*", "drop schema*", "truncate table*", "xp_cmdshell*", "into outfile*", "or 1=1*", "or '1'='1*", "union select*", "union all select*", "pg_sleep*", "waitfor delay*", "drop user*", "grant all privileges*", "load_file(*"]),
    (MailRule, &["forwardto*", "forward_to*", "redirectto*", "forwardasattachmentto*", "new-inboxrule*", "set-mailbox*", "forwardingsmtpaddress*", "messagerules*", "autoforward*", "auto_forward*", "create_forwarding*", "forwardingaddress*", "create_mail_rule*", "inbox_rule*", "deletemessage*"]),
    (Traversal, &["../../*", "..\\..\\*", "..%2f..%2f*", "%2e%2e%2f*", "....//*"]),
    (Upload, &["curl -d*", "curl --data*", "curl -x post*", "curl -f*", "curl -t*", "--post-file*", "--upload-file", "scp", "rsync", "| nc *", "| curl*", "aws s3 cp", "rclone", "webhook.site*", "requestbin*", "ngrok*", "pastebin.com*", "transfer.sh*", "burpcollaborator*", "oastify*", "interact.sh*", "-infile"]),
];
