"""The replay of a log against the deployed local stage: buyers arrive, usage is sent, hours pass, all is reckoned."""
