#pragma once

// Vector mathematics in C, one header a topic. Buffers are row-major and never alias unless said.
#include "coded_targets.h"
#include "elementwise.h"
#include "freed_memory.h"
#include "losses.h"
#include "mixture.h"
#include "optimizer.h"
#include "prefix_bytes.h"
#include "prefix_code.h"
#include "sampling.h"
#include "selection.h"
#include "shape.h"
