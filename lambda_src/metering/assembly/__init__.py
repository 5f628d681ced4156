"""Puts the room's objects together from settings and a DynamoDB, for functions, benchmarks and tests alike.

One module for each sub-room, so that a function imports what it works with and nothing else.
"""
