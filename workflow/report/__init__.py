"""Reports: from what a run wrote down to a terminal table, an HTML page, Markdown and JUnit XML."""
