"""The CDK app: ``cdk deploy -c stage=dev --all``; without the CDK CLI ``python app.py --stage dev``."""

import sys
from pathlib import Path

# The stacks import the functions' modules for their names (tables, settings, metrics).
sys.path.insert(1, str(Path(__file__).resolve().parent / "lambda_src"))

from stacks.synth import main

if __name__ == "__main__":
    sys.exit(main())
