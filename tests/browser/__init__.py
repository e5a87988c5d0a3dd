"""What a browser shows of a report: a package, so that all of it has one browser."""
