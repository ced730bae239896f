"""Weir's credential formats beside Kingfisher, Betterleaks and detect-secrets, on the same rows in one run.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r detectors/peers/requirements.txt
    /tmp/peers/bin/python detectors/peers/credentials.py WEIR SAMPLES

WEIR is the binary, SAMPLES the folder that holds secrets/*.jsonl and injection/train.jsonl.gz. Prints Markdown.

A row is found where a scanner reports anything in it, at whatever severity or confidence. A row that must not be hit
counts as wrong where a report is of the rule's own vendor or kind; what other rules see in it may be a secret of
theirs. Out of scope is what is no credential (OUT_OF_SCOPE, by rule) or stands for one (PLACEHOLDER, by its value):
both figures are printed. Speed is CPU time on prose less the time that an empty run takes, on one core.
"""

import gzip
import json
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

HOST, ID, NAME, BARE = "a host or an address", "an id that is public", "a name of a user or account", "a word alone"
OUT_OF_SCOPE = {
    "artifactory-jfrog-url": HOST, "kingfisher.artifactory.2": HOST, "kingfisher.auth0.3": HOST,
    "kingfisher.azureopenai.host.1": HOST, "kingfisher.azuresearch.url.1": HOST, "kingfisher.azurestorage.name.1": HOST,
    "kingfisher.azure.devops.2": HOST, "kingfisher.databricks.3": HOST, "kingfisher.jira.1": HOST,
    "kingfisher.okta.2": HOST, "kingfisher.salesforce.2": HOST, "kingfisher.shopify.2": HOST,
    "kingfisher.sonarqube.2": HOST, "detect-secrets.ip_public": HOST, "np.gcs.1": HOST, "np.gcs.2": HOST,
    "np.s3.1": HOST, "np.s3.2": HOST, "np.shopify.1": HOST, "salesforce-instance-url.1": HOST,
    "snowflake-account-host.1": HOST, "supabase-project-url": HOST, "tableau-server-host.1": HOST,
    "kingfisher.adobe.2": ID, "kingfisher.age.1": ID, "kingfisher.algolia.2": ID, "kingfisher.anypoint.2": ID,
    "kingfisher.asana.1": ID, "kingfisher.auth0.1": ID, "kingfisher.bitbucket.1": ID, "kingfisher.confluent.1": ID,
    "kingfisher.discord.3": ID, "kingfisher.facebook.1": ID, "kingfisher.google.1": ID, "kingfisher.mongodb.2": ID,
    "kingfisher.paypal.1": ID, "kingfisher.pubnub.2": ID, "kingfisher.spotify.2": ID, "kingfisher.twitter.1": ID,
    "kingfisher.linkedin.1": ID, "np.age.1": ID, "np.arn.1": ID, "np.aws.3": ID, "np.google.1": ID,
    "np.linkedin.1": ID, "np.twitter.1": ID, "canva-client-id": ID, "clickhouse-cloud-key-id": ID,
    "ebay-client-id": ID, "lark-app-id": ID, "cloudinary-cloud-name": NAME, "kingfisher.eagleeyenetworks.2": NAME,
    "kingfisher.planetscale.2": NAME, "kingfisher.reactapp.1": NAME, "kingfisher.snowflake.1": NAME,
    "kingfisher.snowflake.2": NAME, "np.reactapp.1": NAME, "planetscale-id": NAME,
    "tableau-personal-access-token-name.1": NAME, "kingfisher.weak_password.1": BARE, "gcp-service-account": BARE,
}
PLACEHOLDER = re.compile(
    r"[xX*#]{8}|a{10}|0{10}|Z{10}|1{7}|3{7}|^[$%{]|\{secret\}|(?i:EXAMPLE|YOUR|username:password|mypassword|_password\b|some_|^password$|^user$)"
)
PROSE_BYTES = 20_000_000


def rows(path):
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as lines:
        return [json.loads(line) for line in lines]


def run(command, folder, given=None):
    """The output and the CPU seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, input=given, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout.decode(errors="replace"), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def weir(binary, texts, _):
    quiet = "[detection.detectors.{}]\nenabled = false\n"
    others = ["ascii_smuggling", "data_poisoning", "indirect_injection", "instruction_leak", "jailbreak", "malicious_url",
              "reconnaissance", "sensitive_data", "suspicious_access", "tool_abuse"]
    message = lambda text: {"messages": [{"role": "tool", "content": text}]}
    lines = "".join(json.dumps({"id": str(at), "request": message(text)}) + "\n" for at, text in enumerate(texts))
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "weir.toml"
        config.write_text("".join(quiet.format(name) for name in others))
        out, seconds = run([binary, "detect", "--config", config, "-"], folder, lines.encode())
    found = [set() for _ in texts]
    for line in out.splitlines():
        row = json.loads(line)
        found[int(row["id"])] = {a["subtype"] for a in row["annotations"]}
    return found, seconds


def of_file(path):
    return int(Path(path).stem)


def kingfisher(binary, texts, folder):
    command = [binary, "scan", "--no-validate", "--confidence", "low", "--no-dedup", "-j", "1", "--format", "jsonl"]
    out, seconds = run(command + ["--no-extract-archives", "--no-update-check", "."], folder)
    found = [set() for _ in texts]
    for line in out.splitlines():
        if line.startswith('{"rule"'):
            report = json.loads(line)
            found[of_file(report["finding"]["path"])].add(report["rule"]["id"])
    return found, seconds


def betterleaks(binary, texts, folder):
    out, seconds = run([binary, ".", "-j", "1", "--jsonl", "--no-banner", "-l", "error"], folder)
    found = [set() for _ in texts]
    for line in out.splitlines():
        report = json.loads(line).get("finding")
        if report:
            found[of_file(report["location"]["path"])].add(report["rule_id"])
    return found, seconds


def detect_secrets(binary, texts, folder):
    out, seconds = run([binary, "-c", "1", "scan", "-n", "--all-files", "."], folder)
    found = [set() for _ in texts]
    for path, reports in json.loads(out)["results"].items():
        found[of_file(path)] = {report["type"] for report in reports}
    return found, seconds


def written(find, binary, texts):
    with tempfile.TemporaryDirectory() as folder:
        for at, text in enumerate(texts):
            (Path(folder) / f"{at}.txt").write_text(text + "\n")
        return find(binary, texts, folder)


def plain(name):
    return re.sub("[^a-z0-9]", "", name.lower())


def is_own(family, report):
    """Whether a report is of the rule's own vendor or kind."""
    report, family = plain(report), plain(family)
    general = ("named", "generic", "keyword", "secretkeyword", "entropy", "commandpassword", "curl")
    return family in report or family in ("generic", "curl") and any(word in report for word in general)


def out_of_scope(row):
    span = row["spans"][0] if row.get("spans") else None
    value = row["text"][span[0]:span[1]] if span else row["text"]
    return any(rule in OUT_OF_SCOPE for rule in row["types"]) or bool(PLACEHOLDER.search(value))


def share(part, whole):
    return f"{100 * part / max(1, whole):.0f} %"


def main():
    binary, samples = sys.argv[1], Path(sys.argv[2])
    bin_folder = Path(sys.executable).parent
    finders = {
        "Weir": (weir, str(Path(binary).resolve())),
        "Kingfisher": (kingfisher, bin_folder / "kingfisher"),
        "Betterleaks": (betterleaks, bin_folder / "betterleaks"),
        "detect-secrets": (detect_secrets, bin_folder / "detect-secrets"),
    }
    print("| rows of | positives | in scope | " + " | ".join(finders) + " |\n|---|--:|--:|" + "--:|" * len(finders))
    wrong = []
    for path in sorted((samples / "secrets").glob("*.jsonl")):
        data = rows(path)
        found = {name: written(find, tool, [row["text"] for row in data])[0] for name, (find, tool) in finders.items()}
        positives = [at for at, row in enumerate(data) if row["label"] == 1]
        scope = [at for at in positives if not out_of_scope(data[at])]
        negatives = [at for at, row in enumerate(data) if row["label"] == 0]
        hit = lambda name, places: share(sum(bool(found[name][at]) for at in places), len(places))
        own = lambda name: sum(any(is_own(data[at]["family"], kind) for kind in found[name][at]) for at in negatives)
        cells = [f"{hit(name, scope)} ({hit(name, positives)})" for name in finders]
        print(f"| {path.stem} | {len(positives)} | {len(scope)} | " + " | ".join(cells) + " |", flush=True)
        wrong.append([path.stem, str(len(negatives))] + [f"{own(name)}, {share(own(name), len(negatives))}" for name in finders])
    print("\n| must not be hit | rows | " + " | ".join(finders) + " |\n|---|--:|" + "--:|" * len(finders))
    print("\n".join("| " + " | ".join(row) + " |" for row in wrong))

    prose = [row["text"] for row in rows(samples / "injection" / "train.jsonl.gz") if row["label"] == 0]
    while sum(map(len, prose)) < PROSE_BYTES:
        prose += prose
    speeds = []
    for name, (find, tool) in finders.items():
        # In files of a megabyte, for Weir in messages of one; the slow one gets the first of them.
        joined = "\n".join(prose)
        parts = [joined[at:at + 1_000_000] for at in range(0, PROSE_BYTES, 1_000_000)]
        parts = parts[:1] if name == "detect-secrets" else parts
        _, idle = written(find, tool, ["idle"])
        _, busy = written(find, tool, parts)
        speeds.append(f"{sum(len(part.encode()) for part in parts) / 1e6 / max(busy - idle, 1e-3):.1f}")
    print("\n| | " + " | ".join(finders) + " |\n|---|" + "--:|" * len(finders) + "\n| MB/s on prose | " + " | ".join(speeds) + " |")


if __name__ == "__main__":
    main()
