/* SPDX-License-Identifier: Apache-2.0 */
/* One libFuzzer program: compiled once for each target, with -DTARGET=fuzz_NAME. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    TARGET(data, size);
    return 0;
}
