"""The way into an AWS account: ``make bootstrap``, ``deploy``, ``rollback``, ``destroy``, ``check``, ``smoke``.

One file for each command, and for each thing that they share:

    target.py            the account of the credentials, and whether the stage may be deployed to it
    aws.py               calls of AWS, each named, so that a test holds the policies of docs/ against them
    deployed_stacks.py   the stage's stacks: states, resources, last deployment
    deployed_stage.py    the stage as it is in its account
    deletion.py          deletes stacks and reports what they leave behind, also after a first deployment that failed
    aliases.py           which published version is live, and which was before
    assembly.py          the synthesized templates
    cdk_cli.py           the pinned command line of the CDK, on the pinned Node

    check, smoke         rooms of their own, which only read (smoke writes when asked to). They share
    line.py              one line of their report: green, yellow or red, with its remedy
    show_lines.py        runs their looks, and prints the lines for people or programs
    api_door.py          calls of the deployed API

A fault that people have to mend is one line that names the remedy (``NotReady``).
"""
