"""The report of a run: run.json for programs, run.html and a summary on the console for people."""
