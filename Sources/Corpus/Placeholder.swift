// Placeholder of the Corpus module.
