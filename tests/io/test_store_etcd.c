/* SPDX-License-Identifier: Apache-2.0 */
/* The etcd store keeps the promises of store.h, at one real member. */
#include "store_conformance.h"
#include "store_etcd_lab.h"

int main(void)
{
    return cluster_run(store_conformance(&etcd_lab), etcd_lab_begin, etcd_lab_end);
}
