"""The way into an AWS account: ``make bootstrap``, ``make deploy``, ``make rollback`` and ``make destroy``.

One file per command, and one for each thing that they share:

    target.py          whose account it is, and whether it can be deployed to: asked before anything is touched
    stacks_there.py    which stacks of the stage there are, and in what state
    deletion.py        a stack goes, and what stays of it
    first_try.py       what a first deployment that failed leaves behind, cleared away
    aliases.py         which published version is live, and which was before
    assembly.py        the synthesized templates
    cdk_cli.py         the pinned command line of the CDK, on the pinned Node

Whatever is not as it has to be is one line that says the remedy (``NotReady``).
"""
