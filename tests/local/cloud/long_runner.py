"""A program that starts all that a local run starts, says so, and stays: for tests that kill it.

python long_runner.py <state directory>
"""

import io
import json
import signal
import sys
import time
import zipfile
from pathlib import Path

from local.cloud import LocalCloud, children

CODE = "import time\n\ndef handle(event, context):\n    time.sleep(event['seconds'])\n    return {}\n"

# whoever started the tests in the background has Ctrl-C ignored, and that is inherited
signal.signal(signal.SIGINT, signal.default_int_handler)


def main(state: Path) -> None:
    server = [sys.executable, "-u", str(Path(__file__).with_name("small_server.py")), str(state)]
    with (
        children.start("small server", server, log=state / "server.log") as small,
        LocalCloud(marketplace_url=small.url(timeout=10), state=state) as cloud,
    ):
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = cloud.seller.client("iam").create_role(RoleName="sleeper", AssumeRolePolicyDocument=document)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as code:
            code.writestr("sleeper.py", CODE)
        functions = cloud.seller.client("lambda")
        functions.create_function(
            FunctionName="sleeper",
            Runtime="python3.11",
            Handler="sleeper.handle",
            Role=role["Role"]["Arn"],
            Code={"ZipFile": archive.getvalue()},
            Timeout=300,
        )
        # one worker in the middle of its work, one at rest
        functions.invoke(FunctionName="sleeper", InvocationType="Event", Payload=b'{"seconds": 200}')
        functions.invoke(FunctionName="sleeper", Payload=b'{"seconds": 0.3}')
        sys.stdout.write(json.dumps({"urls": [small.url(timeout=1), cloud.endpoint]}) + "\n")
        sys.stdout.flush()
        time.sleep(300)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
