#include "losses.h"
