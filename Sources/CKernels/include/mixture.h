#pragma once

#include <stdint.h>

// The mean of several teachers' distributions.
//
// Legend: V vocabulary size; z a teacher's logits [V]; T temperature; w its weight.

// Adds w softmax(z / T) to the mixture m, both kept as logits at T, so that nothing underflows:
//   m = T log(e^(m / T) + w softmax(z / T)),   or T log(w softmax(z / T)) where `first` is set.
// m may not alias z; w > 0.
void decant_mix_row(float *m, const float *z, int64_t vocab, double temperature, double weight,
                    int first);
