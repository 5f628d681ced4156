"""The way into an AWS account: ``make bootstrap``, ``make deploy``, ``make rollback`` and ``make destroy``; and whether
it is right: ``make check STAGE=`` and ``make smoke``.

One file per command, and one for each thing that they share:

    target.py          whose account it is, and whether it can be deployed to: asked before anything is touched
    stacks_there.py    which stacks of the stage there are, and in what state
    deletion.py        a stack goes, and what stays of it
    first_try.py       what a first deployment that failed leaves behind, cleared away
    aliases.py         which published version is live, and which was before
    assembly.py        the synthesized templates
    cdk_cli.py         the pinned command line of the CDK, on the pinned Node

    check, smoke       rooms of their own, which only look (smoke writes if it is told to). Both are made of
    line.py            one line: green, yellow or red, with its remedy
    show_lines.py      looks, told line by line, to people or to programs
    reader.py          what is asked of AWS, each call named, so that a test holds the rights against them
    stage_there.py     a stage as it is in its account
    api_door.py        calls of the deployed API

Whatever is not as it has to be is one line that says the remedy (``NotReady``).
"""
