"""Times the state layer of Quix Streams: `quix.py SIGNALS`.

One tumbling window of an hour a user is counted in its RocksDB store, with a transaction every 2,000 signals, as the
library itself does for `tumbling_window().count()`; without Kafka, without a changelog, and reading JSON is not timed.
"""

import json
import sys
import tempfile
import time

from quixstreams.state.rocksdb.windowed.store import WindowedRocksDBStore

HOUR_MS = 3_600_000
PER_COMMIT = 2_000


def count(store, signals):
    matches = 0
    for start in range(0, len(signals), PER_COMMIT):
        transaction = store.start_partition_transaction(0)
        for signal in signals[start : start + PER_COMMIT]:
            if signal["title"] != "Sign-in":
                continue
            state = transaction.as_state(prefix=signal["user"].encode())
            begin = signal["time"] // HOUR_MS * HOUR_MS
            seen = (state.get_window(begin, begin + HOUR_MS) or 0) + 1
            state.update_window(begin, begin + HOUR_MS, value=seen, timestamp_ms=signal["time"])
            matches += seen >= 5
        transaction.prepare()
        transaction.flush()
    return matches


with open(sys.argv[1]) as lines, tempfile.TemporaryDirectory() as directory:
    signals = [json.loads(line) for line in lines]
    timed = [signal for signal in signals if signal["timed"]]
    store = WindowedRocksDBStore(name="bench", stream_id="signals", base_dir=directory)
    store.assign_partition(0)
    count(store, [signal for signal in signals if not signal["timed"]])
    before = time.process_time()
    matches = count(store, timed)
    busy = time.process_time() - before
    store.close()
print(f"Quix Streams             {len(timed) / busy:>9.0f} signals/CPU-s  {busy / len(timed) * 1e6:>6.1f} µs each  {matches} matches")
