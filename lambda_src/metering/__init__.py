"""Metering: every hour of usage is sealed, sent and settled; a cancelled customer's last hours are metered to the end.

The sub-rooms follow the states of the hourly workflow: ``find`` due hours, ``seal`` them, ``send`` their lines,
``settle`` what Marketplace answered, ``report`` what is left. ``final`` is the workflow of cancelled customers and uses
the same steps. ``assembly`` puts their objects together, ``handlers`` has one module for each function.
"""
