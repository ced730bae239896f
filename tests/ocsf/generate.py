"""Writes the JSON Schemas of the OCSF classes that Weir publishes into the folder named as argument."""

import json
import os
import sys

from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

CLASSES = ("detection_finding", "incident_finding")


def main(folder: str) -> None:
    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.8.0"))
    for name in CLASSES:
        path = os.path.join(folder, name + ".json")
        # Renamed when whole: a reader never sees half a schema.
        with open(path + ".part", "w", encoding="utf-8") as out:
            json.dump(schemas.get_class_schema(name), out)
        os.replace(path + ".part", path)


if __name__ == "__main__":
    main(sys.argv[1])
