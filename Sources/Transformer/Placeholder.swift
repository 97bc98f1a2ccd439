// Placeholder of the Transformer module.
