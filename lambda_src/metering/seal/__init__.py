"""Seal an hour: freeze its counts into lines, which never change afterwards, together with the customer's balance."""
