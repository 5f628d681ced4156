"""The checkers that guard a deployment: cdk-nag in every synth, cfn-lint over the templates."""

import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import Stack
from aws_cdk import aws_sqs as sqs

from stacks import synth
from tests.synthesized import Assembly, context, shipped

#: W3005: CDK writes DependsOn beside the GetAtt that implies it; harmless
IGNORED = "W3005"


def test_a_finding_of_cdk_nag_fails_synth(tmp_path: Path) -> None:
    app = synth.build(shipped("local"), context=context(), out=tmp_path)
    sqs.Queue(Stack(app, "Careless"), "WithoutTlsOrDeadLetters")
    with pytest.raises(RuntimeError, match="AwsSolutions-SQS4"):
        app.synth()


def test_templates_pass_cfn_lint(engines: Assembly, abroad: Assembly, company: Assembly, seller: Assembly) -> None:
    everywhere = [path for each in (engines, company, seller) for path in each.folder.glob("*.template.json")]
    templates = [*everywhere, *abroad.folder.glob("*-Notices.template.json")]
    assert len(templates) == 19
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--ignore-checks", IGNORED, "-t", *templates],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
