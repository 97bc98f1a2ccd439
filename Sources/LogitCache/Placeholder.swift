// Placeholder of the LogitCache module.
