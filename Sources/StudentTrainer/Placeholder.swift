// Placeholder of the StudentTrainer module.
