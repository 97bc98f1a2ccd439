#pragma once

// Vector mathematics in C, one header a topic. Buffers are row-major and never alias unless said.
#include "activation.h"
#include "coded_targets.h"
#include "column_sums.h"
#include "conversion.h"
#include "freed_memory.h"
#include "layer_norm.h"
#include "losses.h"
#include "mixture.h"
#include "optimizer.h"
#include "prefix_bytes.h"
#include "prefix_code.h"
#include "processor.h"
#include "sampling.h"
#include "selection.h"
#include "shape.h"
#include "softmax.h"
