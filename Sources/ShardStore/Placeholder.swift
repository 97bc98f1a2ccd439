// Placeholder of the ShardStore module.
