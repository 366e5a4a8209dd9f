/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h: targets. Each takes any bytes, and aborts when what it promises does not hold. The same
 * functions run under libFuzzer (entry.c, `make fuzz`) and over the kept corpus in every build
 * (test_corpus.c, part of `make check`). */
#ifndef REGIONSHIFT_TESTS_FUZZ_H
#define REGIONSHIFT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

void fuzz_route53_page(const uint8_t *data, size_t size);
void fuzz_route53_zone(const uint8_t *data, size_t size);
void fuzz_route53_change(const uint8_t *data, size_t size);
void fuzz_route53_error(const uint8_t *data, size_t size);
void fuzz_health_page(const uint8_t *data, size_t size);
void fuzz_health_answer(const uint8_t *data, size_t size);
void fuzz_health_status(const uint8_t *data, size_t size);
void fuzz_sigv4(const uint8_t *data, size_t size);
void fuzz_dns_answer(const uint8_t *data, size_t size);
void fuzz_dns_name(const uint8_t *data, size_t size);
void fuzz_dns_fence(const uint8_t *data, size_t size);
void fuzz_dns_reply(const uint8_t *data, size_t size);
void fuzz_dns_query(const uint8_t *data, size_t size);
void fuzz_icmp_echo(const uint8_t *data, size_t size);
void fuzz_endpoint_file(const uint8_t *data, size_t size);
void fuzz_cloud_alarm(const uint8_t *data, size_t size);
void fuzz_cloud_targets(const uint8_t *data, size_t size);
void fuzz_credentials_json(const uint8_t *data, size_t size);
void fuzz_credentials_sts(const uint8_t *data, size_t size);
void fuzz_credentials_file(const uint8_t *data, size_t size);
void fuzz_credentials_plan(const uint8_t *data, size_t size);
void fuzz_credentials_words(const uint8_t *data, size_t size);
void fuzz_assertion_expression(const uint8_t *data, size_t size);
void fuzz_assertion_answer(const uint8_t *data, size_t size);
void fuzz_plugin_output(const uint8_t *data, size_t size);
void fuzz_push_report(const uint8_t *data, size_t size);
void fuzz_agent_line(const uint8_t *data, size_t size);
void fuzz_websocket_answer(const uint8_t *data, size_t size);
void fuzz_grpc_answer(const uint8_t *data, size_t size);
void fuzz_grpc_end(const uint8_t *data, size_t size);
void fuzz_starttls(const uint8_t *data, size_t size);
void fuzz_http1(const uint8_t *data, size_t size);

#endif
