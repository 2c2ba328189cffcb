"""The report in a real browser, Debian's Chromium: `make test-report`, and `make report-picture`."""
