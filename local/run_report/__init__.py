"""What a run leaves behind: run.json for programs, run.html and a summary on the console for people."""
