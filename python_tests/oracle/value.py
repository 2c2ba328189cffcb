"""Customer value."""


def clv_multiple(retention: float, discount: float) -> float:
    """Lifetime value per unit of margin and period: r / (1 + i - r)."""
    return retention / (1 + discount - retention)
