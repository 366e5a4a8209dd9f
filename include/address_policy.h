/* SPDX-License-Identifier: Apache-2.0 */
/* address_policy.h: which addresses a check may not reach unless it says so. Pure. One function for
 * what stands in the settings and for what a name resolves to when the check connects, so that no
 * name can be bent to where a literal would be refused.
 *
 * An address is what it leads to: one that has an IPv4 address inside (mapped, translated by NAT64,
 * tunnelled by 6to4 or Teredo) is judged by that as well. */
#ifndef REGIONSHIFT_ADDRESS_POLICY_H
#define REGIONSHIFT_ADDRESS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks.h"

/* What has to be allowed before the address may be reached: bits of enum address_policy, all of
 * them; 0: an address like any other. Bytes in network order. A cloud's metadata service needs
 * ALLOW_METADATA alone, although most have a link-local address. 0.0.0.0 and :: need two, because
 * Linux connects to itself then. */
uint32_t address_policy_v4(const uint8_t address[4]);
uint32_t address_policy_v6(const uint8_t address[16]);

/* The same of a literal ("192.0.2.1", "2001:db8::1"; no brackets, no zone). "localhost" and names
 * below it count as loopback (RFC 6761). Returns false when the text is any other name. */
bool address_policy_text(const char *text, uint32_t *ret_needs);

/* The bit of one word ("loopback", "link-local", "metadata", "multicast"), 0 for any other text. */
uint32_t address_policy_bit(const char *word);

enum { ADDRESS_POLICY_WORDS_MAX = 64 };

/* Prints the bits' words as the setting `allow` has them: "loopback", "loopback and multicast". */
void address_policy_words(uint32_t needs, char out[ADDRESS_POLICY_WORDS_MAX]);

#endif
