/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks.h: the functions behind the table of crosschecks.c, by the file they stand in. */
#ifndef REGIONSHIFT_SETTINGS_CROSSCHECKS_H
#define REGIONSHIFT_SETTINGS_CROSSCHECKS_H

#include "inspect.h"

/* crosschecks_quorum.c */
void check_quorum_reachable(struct inspection *in);
void check_quorum_majority(struct inspection *in);
void check_vantages_reachable(struct inspection *in);
void check_owners_reachable(struct inspection *in);
void check_nobody_outside(struct inspection *in);
void check_region_takes_its_voters(struct inspection *in);
void check_nobody_may_act(struct inspection *in);
void check_region_takes_its_actors(struct inspection *in);
void check_one_lost_probe(struct inspection *in);
void check_duplicate_probe(struct inspection *in);

/* crosschecks_services.c */
void check_duplicate_service(struct inspection *in);
void check_standby_missing(struct inspection *in);
void check_duplicate_site(struct inspection *in);
void check_same_check(struct inspection *in);
void check_all_weights_zero(struct inspection *in);
void check_site_without_checks(struct inspection *in);
void check_site_without_required(struct inspection *in);

/* crosschecks_records.c */
void check_duplicate_record(struct inspection *in);
void check_one_ttl_per_name(struct inspection *in);
void check_name_in_two_groups(struct inspection *in);
void check_ttl_whole(struct inspection *in);
void check_ttl_long(struct inspection *in);
void check_duplicate_set(struct inspection *in);
void check_same_value(struct inspection *in);
void check_value_fits_type(struct inspection *in);
void check_also_fits(struct inspection *in);
void check_alias(struct inspection *in);

/* crosschecks_zones.c */
void check_duplicate_zone(struct inspection *in);
void check_zone_unused(struct inspection *in);
void check_external_id_alone(struct inspection *in);
void check_needs_elsewhere(struct inspection *in);
void check_needs_circle(struct inspection *in);
void check_batch_too_large(struct inspection *in);
void check_zone_too_large(struct inspection *in);

/* crosschecks_checks.c */
void check_aims_at_failover_name(struct inspection *in);
void check_under_wildcard(struct inspection *in);
void check_aims_at_link_local(struct inspection *in);
void check_timeout_below_interval(struct inspection *in);
void check_retry_above_interval(struct inspection *in);
void check_one_bad_result(struct inspection *in);
void check_window_fits(struct inspection *in);
void check_aims_at_nobody(struct inspection *in);
void check_body_unseen(struct inspection *in);
void check_verification_off(struct inspection *in);
void check_ca_file_unused(struct inspection *in);
void check_ca_file_unreadable(struct inspection *in);
void check_reference_is_judged(struct inspection *in);

/* crosschecks_kinds.c */
void check_key_of_another_kind(struct inspection *in);
void check_key_missing(struct inspection *in);
void check_type_fits_url(struct inspection *in);
void check_addresses_of_one(struct inspection *in);
void check_http_version_in_clear(struct inspection *in);
void check_connection_goes_on(struct inspection *in);
void check_fresh_every_unused(struct inspection *in);
void check_dialogue_step_empty(struct inspection *in);
void check_starttls_port(struct inspection *in);
void check_command_path(struct inspection *in);
void check_command_missing(struct inspection *in);
void check_period_below_interval(struct inspection *in);
void check_push_unheard(struct inspection *in);
void check_push_token_short(struct inspection *in);
void check_region_of_arn(struct inspection *in);
void check_external_id_of_check(struct inspection *in);

/* crosschecks_members.c */
void check_duplicate_check(struct inspection *in);
void check_duplicate_job(struct inspection *in);
void check_level_of_member(struct inspection *in);
void check_group_of_checks(struct inspection *in);
void check_timing_of_group(struct inspection *in);

/* crosschecks_groups.c */
void check_duplicate_group(struct inspection *in);
void check_service_in_no_group(struct inspection *in);
void check_service_in_two_groups(struct inspection *in);
void check_nothing_required(struct inspection *in);
void check_order_lists_every_region(struct inspection *in);
void check_site_missing(struct inspection *in);
void check_order_against_weights(struct inspection *in);
void check_weights_disagree(struct inspection *in);
void check_fallback_missing(struct inspection *in);
void check_fallback_in_order(struct inspection *in);
void check_fallback_unused(struct inspection *in);
void check_fallback_serves(struct inspection *in);
void check_steps_rise(struct inspection *in);
void check_dwell_below_ttl(struct inspection *in);
void check_budget_small(struct inspection *in);
void check_beacons_without_words(struct inspection *in);
void check_beacon_words(struct inspection *in);
void check_beacons_unheard(struct inspection *in);

/* crosschecks_beacons.c */
void check_beacon_quorum(struct inspection *in);
void check_beacons_unasked(struct inspection *in);
void check_beacon_twice(struct inspection *in);
void check_beacon_place(struct inspection *in);
void check_beacon_private(struct inspection *in);
void check_beacon_next(struct inspection *in);
void check_beacon_letters(struct inspection *in);
void check_beacons_apart(struct inspection *in);
void check_health_interval(struct inspection *in);
void check_health_regions(struct inspection *in);

/* crosschecks_shell.c */
void check_store_key_unused(struct inspection *in);
void check_etcd_without_endpoints(struct inspection *in);
void check_etcd_endpoints(struct inspection *in);
void check_etcd_half_certificate(struct inspection *in);
void check_etcd_certificate_unused(struct inspection *in);
void check_etcd_half_login(struct inspection *in);
void check_etcd_in_clear(struct inspection *in);
void check_etcd_patience(struct inspection *in);
void check_sqlite_one_machine(struct inspection *in);
void check_lease_long(struct inspection *in);
void check_same_file(struct inspection *in);
void check_references_missing(struct inspection *in);
void check_nobody_is_told(struct inspection *in);
void check_duplicate_sink(struct inspection *in);
void check_sink_incomplete(struct inspection *in);
void check_sink_key_unused(struct inspection *in);
void check_smtp_half_login(struct inspection *in);
void check_password_in_clear(struct inspection *in);
void check_alerts_in_clear(struct inspection *in);
void check_aws_in_clear(struct inspection *in);
void check_http_open(struct inspection *in);
void check_token_in_clear(struct inspection *in);
void check_token_short(struct inspection *in);

#endif
