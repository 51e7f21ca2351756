"""Numbers: parameters, covariances, EM and its relatives, and the search for the best fit. Nothing here draws."""
