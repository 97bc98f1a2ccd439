// Placeholder of the Kernels module.
