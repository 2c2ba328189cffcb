"""Commands around the dbt project: building, publishing and the demo data."""
