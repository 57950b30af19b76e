"""validate.py SCHEMA FILE: says where a YAML file departs from a JSON Schema; exit 2 if it does."""
import json
import sys

import jsonschema
import yaml

schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
# The gateway reads times as text.
resolvers = yaml.SafeLoader.yaml_implicit_resolvers
for first in resolvers:
    resolvers[first] = [one for one in resolvers[first] if not one[0].endswith("timestamp")]
    # To the gateway, as in YAML 1.2, `on` is a word.
    if first not in "tTfF":
        resolvers[first] = [one for one in resolvers[first] if not one[0].endswith("bool")]
document = yaml.safe_load(open(sys.argv[2]))
errors = list(jsonschema.Draft202012Validator(schema).iter_errors(document))
for error in errors:
    print(error.json_path, error.message[:200])
sys.exit(2 if errors else 0)
