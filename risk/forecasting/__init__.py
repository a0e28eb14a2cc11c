"""Personal baselines and forecasts: what a series is, the recursion that carries it, what it finds. Only `fitting` needs statsmodels."""
