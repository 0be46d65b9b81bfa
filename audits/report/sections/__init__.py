"""One file a part of the report: a pure function from report.json to the blocks of a `Section`."""
