"""How a peer does on the probe: python -m venv V && V/bin/pip install -r requirements.txt && V/bin/python probe.py

Scores every text of ../probes with the peer's classifier, its highest chunk counting as the peer itself counts
it, and prints the figures that the trainer prints for ours: AUC, recall at 1 % false positives, time.
"""

import json
import sys
import time
from pathlib import Path

from stackone_defender.classifiers.tier2_classifier import Tier2Classifier

PROBES = Path(__file__).parent.parent / "probes"


def auc(attacks, benign):
    """The chance that an attack scores above a benign text, ties counted half."""
    won = sum((a > b) + 0.5 * (a == b) for a in attacks for b in benign)
    return won / (len(attacks) * len(benign))


def recall(attacks, benign, share):
    """The share of attacks above what `share` of the benign texts stay at or below."""
    limit = sorted(benign, reverse=True)[int(len(benign) * share)]
    return sum(score > limit for score in attacks) / len(attacks)


def main():
    classifier = Tier2Classifier()
    classifier.warmup()
    print("| probe | attacks | benign | AUC | recall at 1 % | ms a text |\n|---|--:|--:|--:|--:|--:|")
    for name in ("direct", "indirect"):
        lines = (PROBES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        started = time.process_time()
        scores = [classifier.classify_by_chunks(row["text"]) for row in rows]
        spent_ms = 1000 * (time.process_time() - started) / len(rows)
        if any("score" not in score for score in scores):
            sys.exit("the peer gave no score: its version is not the one that requirements.txt names")
        split = [[s["score"] for s, row in zip(scores, rows) if row["label"] == label] for label in (1, 0)]
        figures = f"{auc(*split):.3f} | {100 * recall(*split, 0.01):.1f} % | {spent_ms:.1f}"
        print(f"| {name} | {len(split[0])} | {len(split[1])} | {figures} |")


if __name__ == "__main__":
    main()
