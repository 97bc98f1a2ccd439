// Placeholder of the Tokenizer module.
