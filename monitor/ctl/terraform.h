/* SPDX-License-Identifier: Apache-2.0 */
/* terraform.h: what those who keep the zone in Terraform must tell it. managed: of GET init. */
#ifndef REGIONSHIFT_CTL_TERRAFORM_H
#define REGIONSHIFT_CTL_TERRAFORM_H

#include <jansson.h>

/* Each record set as a resource. */
void terraform_print(const json_t *managed);

/* In a few lines: the block, and where it belongs. */
void terraform_hint(const json_t *managed);

#endif
