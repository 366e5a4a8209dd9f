/* SPDX-License-Identifier: Apache-2.0 */
/* The etcd store keeps the promises of store.h, at one real member. */
#include <stdlib.h>

#include "store_conformance.h"
#include "store_etcd_lab.h"

int main(void)
{
    SRunner *runner = srunner_create(store_conformance(&etcd_lab));
    int failed;

    etcd_lab_begin();
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    etcd_lab_end();
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
