"""Weir's sensitive information types beside Presidio's pattern recognisers and datafog-core, on the same rows.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r detectors/peers/requirements.txt
    /tmp/peers/bin/python detectors/peers/sensitive.py WEIR SAMPLES

WEIR is the binary, SAMPLES the folder that holds pii/*.jsonl and injection/train.jsonl.gz. Prints Markdown.

A row of a type counts as found where a reported span of that kind covers at least half of the labelled one, whatever
country the reporter names: a number of eleven digits may be of many. A report that meets no label of its kind counts
as wrong, except where the row labels it as something that the kind may also be. Presidio runs its pattern recognisers
of every country with context words, without a language model; so names and addresses are not compared.
"""

import gzip
import json
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

CARD, IBAN, EMAIL, PHONE, WALLET, NUMBER = "card", "IBAN", "e-mail", "telephone", "crypto wallet", "identity and tax"
OF_LABEL = {
    "CREDIT_CARD": CARD,
    "IBAN_CODE": IBAN,
    "EMAIL_ADDRESS": EMAIL,
    "PHONE_NUMBER": PHONE,
    "PHONE": PHONE,
    "PH_MOBILE_NUMBER": PHONE,
    "TR_PHONE_NUMBER": PHONE,
    "CRYPTO": WALLET,
}
IGNORED = {
    "PERSON", "IP_ADDRESS", "DATE_TIME", "GPE", "ORGANIZATION", "STREET_ADDRESS", "TITLE", "AGE", "NRP", "DOMAIN_NAME",
    "ZIP_CODE", "URL", "MAC_ADDRESS", "LOCATION", "PATTERN", "UK_POSTCODE", "DE_PLZ", "DE_KFZ", "TR_LICENSE_PLATE",
    "UK_VEHICLE_REGISTRATION", "IN_VEHICLE_REGISTRATION", "NG_VEHICLE_REGISTRATION", "DE_HANDELSREGISTER",
    "API_KEY", "BEARER_TOKEN", "CREDENTIAL_URI", "DATE", "DE_POSTAL_CODE", "JWT", "PRIVATE_KEY", "UUID", "user_rule", "person_name", "postal_address", "health_condition", "icd_10_code",
}
OF_WEIR = {"payment_card": CARD, "iban": IBAN, "email_address": EMAIL, "phone_number": PHONE, "crypto_wallet": WALLET}
OF_DATAFOG = {"EMAIL": EMAIL, "PHONE": PHONE, "CREDIT_CARD": CARD, "DE_IBAN": IBAN}


def kind(name, table):
    return None if name in IGNORED else table.get(name, NUMBER)


def rows(path):
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as lines:
        return [json.loads(line) for line in lines]


def weir(binary, texts, channel):
    role = "user" if channel == "user" else "tool"
    lines = "".join(
        json.dumps({"id": str(at), "request": {"messages": [{"role": role, "content": text}]}}) + "\n"
        for at, text in enumerate(texts)
    )
    start = time.monotonic()
    run = subprocess.run([binary, "detect", "-"], input=lines.encode(), capture_output=True, check=True)
    seconds = time.monotonic() - start
    found = []
    for line in run.stdout.splitlines():
        annotations = [a for a in json.loads(line)["annotations"] if a["detector"] == "sensitive_data"]
        found.append([(*a["span"], kind(a["subtype"], OF_WEIR), a["severity"]) for a in annotations])
    return found, seconds


def presidio():
    import inspect

    import tldextract
    from presidio_analyzer import EntityRecognizer, PatternRecognizer, predefined_recognizers
    from presidio_analyzer.nlp_engine import NlpArtifacts

    # The list that the package brings, not the network's.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
    made = []
    for name in predefined_recognizers.__all__:
        known = getattr(predefined_recognizers, name)
        pattern = inspect.isclass(known) and issubclass(known, (PatternRecognizer,)) or name == "PhoneRecognizer"
        try:
            made += [known()] if pattern else []
        except Exception:
            pass
    empty = NlpArtifacts([], [], [], [], None, "en")

    def find(text):
        results = [r for known in made for r in known.analyze(text, known.supported_entities, empty) or [] if r.score >= 0.4]
        results = EntityRecognizer.remove_duplicates(results)
        return [(r.start, r.end, kind(r.entity_type, OF_LABEL), None) for r in results]

    return find


def datafog():
    import datafog_core

    def find(text):
        found = datafog_core.scan(text, config={"locale": "de"})
        spans = [(f.codepoint_range.start, f.codepoint_range.end, f.entity_type) for f in found]
        return [(start, end, kind(name, OF_DATAFOG), None) for start, end, name in spans]

    return find


def timed(find, texts):
    start = time.monotonic()
    return [find(text) for text in texts], time.monotonic() - start


def compare(data, reports):
    counts = defaultdict(lambda: [0, 0, 0])
    for row, report in zip(data, reports, strict=True):
        labels = [(start, end, kind(name, OF_LABEL)) for start, end, name in row["spans"]]
        ignored = [(start, end) for start, end, what in labels if what is None]
        labels = [label for label in labels if label[2]]
        for start, end, what in labels:
            cover = max((min(end, e) - max(start, s) for s, e, w, _ in report if w == what), default=0)
            counts[what][0] += 1
            counts[what][1] += 2 * cover >= end - start
        for start, end, what, _ in report:
            meets = any(s < end and start < e for s, e, w in labels if w == what)
            counts[what][2] += what is not None and not meets and not any(s < end and start < e for s, e in ignored)
    return counts


def main():
    binary, samples = sys.argv[1], Path(sys.argv[2])
    finders = {"presidio": presidio(), "datafog-core": datafog()}
    for name in ["faker_prompts", "presidio_recognizer_tests", "presidio_research_even_templates"]:
        data = [row for row in rows(samples / "pii" / f"{name}.jsonl") if row["spans"] or not row["label"]]
        texts = [row["text"] for row in data]
        megabytes = sum(len(text.encode()) for text in texts) / 1e6
        done = {"weir": weir(binary, texts, "tool")} | {who: timed(find, texts) for who, find in finders.items()}
        print(f"\n`pii/{name}`, {len(data)} rows: recall / precision\n")
        print("| kind | labelled | " + " | ".join(done) + " |\n|---|--:|" + "--:|" * len(done))
        by_who = {who: compare(data, reports) for who, (reports, _) in done.items()}
        for what in [CARD, IBAN, EMAIL, PHONE, WALLET, NUMBER]:
            labelled = by_who["weir"][what][0]
            cells = []
            for counts in by_who.values():
                _, hit, wrong = counts[what]
                cells.append(f"{hit / labelled:.2f} / {hit / max(1, hit + wrong):.2f}" if labelled else f"- ({wrong} wrong)")
            print(f"| {what} | {labelled} | " + " | ".join(cells) + " |")
        print("| seconds | | " + " | ".join(f"{s:.2f} ({megabytes / s:.2f} MB/s)" for _, s in done.values()) + " |")
    benign = [row for row in rows(samples / "injection" / "train.jsonl.gz") if row["label"] == 0]
    print("\nBenign texts of `injection/train.jsonl.gz`\n\n| channel | texts | annotated | alerts in 10,000 |\n|---|--:|--:|--:|")
    for channel in ["user", "document", "tool"]:
        texts = [row["text"] for row in benign if row.get("channel", "user") == channel]
        reports, _ = weir(binary, texts, channel)
        raised = sum(any(level != "informational" for *_, level in report) for report in reports)
        annotated = sum(bool(report) for report in reports)
        print(f"| {channel} | {len(texts)} | {annotated} | {1e4 * raised / len(texts):.1f} |")


if __name__ == "__main__":
    main()
