"""The report: one HTML file that shows the published marts to whoever opens no database."""
