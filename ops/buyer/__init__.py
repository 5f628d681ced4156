"""Commands on the personal data of one buyer: give it out, erase it (docs/personal-data.md)."""
