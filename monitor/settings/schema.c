/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c: the table. A row reads: key, type, place in the draft, minimum, maximum, default; help.
 * Sections stand innermost first because C wants it so; read from the end. Those of checks are in
 * schema_checks.c. */
#include "schema_rows.h"

#include <string.h>

static const char *const record_types[] = {"A", "AAAA", "CNAME", NULL};
static const char *const store_kinds[] = {"sqlite", "etcd", NULL};
static const char *const failback_modes[] = {"manual", "auto", NULL};
static const char *const all_down_policies[] = {"hold", "fallback", NULL};
static const char *const drift_policies[] = {"stop", "adopt", "restore", NULL};
static const char *const sink_kinds[] = {"smtp", "webhook", NULL};
static const char *const severities[] = {"info", "warn", "page", NULL};
static const char *const smtp_tls[] = {"starttls", "tls", "none", NULL};

/* ---- probe and quorum ---- */

static const struct option draft_probe_options[] = {
    {"name", OPTION_TEXT, AT(draft_probe, name), 0, NAME_MAX_LENGTH, "",
     .help = "Which of quorum.probes this daemon is. regionshiftd --probe NAME overrides it, so "
             "that one "
             "file "
             "can serve every probe.",
     .rule = rule_name},
    {"references", OPTION_TEXTS, AT(draft_probe, references), 0, 16, "",
     .help = "Places outside everything that is checked: URLs, or resolvers as dns:IP. When none "
             "of them "
             "answers, the fault is this probe's own and it abstains (V5).",
     .rule = rule_reference, .item_max = URL_LENGTH},
};
static const struct schema probe_schema = SCHEMA("probe", draft_probe, "This daemon.");

static const struct option draft_elector_options[] = {
    {"name", OPTION_TEXT, AT(draft_elector, name), 1, NAME_MAX_LENGTH, NULL,
     .help = "The probe's name, unique in the electorate.", .rule = rule_name},
    {"vantage", OPTION_TEXT, AT(draft_elector, vantage), 1, 2 * NAME_MAX_LENGTH + 1, NULL,
     .help = "Where the probe stands, as OWNER/PLACE. A place that is a region's name stands "
             "inside that "
             "region.",
     .rule = rule_vantage},
    {"may_act", OPTION_BOOLEAN, AT(draft_elector, may_act), 0, 0, "true",
     .help = "Whether the probe may write to Route 53. Each may vote."},
    {"beacon", OPTION_TEXT, AT(draft_elector, beacon), 0, URL_LENGTH, "",
     .help = "Where Route 53's health checkers reach this probe's beacons, as in "
             "http://use1.monitor.example.com:8054; empty means that they do not ask this probe "
             "(B2).",
     .rule = rule_web_url, .flags = OPTION_LOCAL},
};
static const struct schema elector_schema = SCHEMA(
    "quorum.probes[]", draft_elector, "One member of the electorate, whether it runs or not.");

static const struct option draft_quorum_options[] = {
    {"down", OPTION_INTEGER, AT(draft_quorum, down), 1, PROBES_MAX, NULL,
     .help = "Votes that make a site agreed down (A3). More than half of the electorate.",
     .unset = "a majority of the probes"},
    {"up", OPTION_INTEGER, AT(draft_quorum, up), 1, PROBES_MAX, NULL,
     .help = "Votes that make a site agreed up. More than half of the electorate.",
     .unset = "a majority of the probes"},
    {"vantages", OPTION_INTEGER, AT(draft_quorum, vantages), 1, PROBES_MAX, "1",
     .help = "Distinct vantages the votes for down must come from."},
    {"owners", OPTION_INTEGER, AT(draft_quorum, owners), 1, PROBES_MAX, "1",
     .help = "Distinct owners of vantages the votes for down must come from."},
    {"probes", OPTION_GROUPS, AT(draft_quorum, probes), 1, PROBES_MAX, NULL,
     .help = "The electorate: every probe, the same list everywhere (A1).",
     .schema = &elector_schema},
};
static const struct schema quorum_schema =
    SCHEMA("quorum", draft_quorum, "Who votes, and how many votes decide.");

/* ---- store ---- */

static const struct option draft_store_options[] = {
    {"type", OPTION_WORD, AT(draft_store, type), 0, 0, "sqlite",
     .help = "The engine: sqlite is one file on one machine, which several daemons there may "
             "share; etcd, from 3.4 on, is for many machines.",
     .words = store_kinds},
    {"path", OPTION_TEXT, AT(draft_store, path), 1, PATH_LENGTH, "/var/lib/regionshift/store.db",
     .help = "sqlite: the file.", .rule = rule_path},
    {"lease", OPTION_DURATION, AT(draft_store, lease_ms), 2 * SECOND, 5 * MINUTE, "10s",
     .help = "How long a probe's vote counts after the probe was last heard of (A2)."},
    {"endpoints", OPTION_TEXTS, AT(draft_store, endpoints), 0, 16, "",
     .help = "etcd: URLs of the members. The first is asked as long as it answers: let it be the "
             "nearest; the others stand in for it.",
     .rule = rule_web_url, .item_max = URL_LENGTH},
    {"prefix", OPTION_TEXT, AT(draft_store, prefix), 1, PATH_LENGTH, "/regionshift",
     .help = "Written before every key, so that installations can share a store.",
     .rule = rule_path},
    {"ca_file", OPTION_TEXT, AT(draft_store, ca_file), 0, PATH_LENGTH, "",
     .help = "etcd: certificates that the members' are checked against; empty means the system's.",
     .rule = rule_path},
    {"cert_file", OPTION_TEXT, AT(draft_store, cert_file), 0, PATH_LENGTH, "",
     .help = "etcd: our certificate.", .rule = rule_path},
    {"key_file", OPTION_TEXT, AT(draft_store, key_file), 0, PATH_LENGTH, "",
     .help = "etcd: its key.", .rule = rule_path},
    {"user", OPTION_TEXT, AT(draft_store, user), 0, NAME_MAX_LENGTH, "",
     .help = "etcd: the user we are; empty means the probe's own name, if there is a password."},
    {"password", OPTION_SECRET, AT(draft_store, password), 0, 4096, "",
     .help = "etcd: its password; empty means that etcd knows no users."},
    {"timeout", OPTION_DURATION, AT(draft_store, timeout_ms), 100, 30 * SECOND, "2s",
     .help = "etcd: how long a call may take altogether, over all members that it is tried at. At "
             "least ten round trips between the members."},
};
static const struct schema store_schema =
    SCHEMA("store", draft_store, "Where the probes meet: votes, decisions, orders.");

/* ---- services ---- */

static const struct option draft_alias_options[] = {
    {"zone", OPTION_TEXT, AT(draft_alias, zone), 0, 32, "",
     .help = "The hosted zone id that AWS publishes for the target: a load balancer's canonical "
             "zone, an S3 website endpoint's, CloudFront's Z2FDTNDATAQYW2, or the record's own "
             "zone for another record in it.",
     .rule = rule_zone},
    {"name", OPTION_TEXT, AT(draft_alias, name), 0, HOST_LENGTH + 1, "",
     .help = "The target's DNS name, as in dualstack.pizza-1.us-east-1.elb.amazonaws.com; of an S3 "
             "website, s3-website-us-east-1.amazonaws.com without its bucket.",
     .rule = rule_record},
    {"evaluate_target_health", OPTION_BOOLEAN, AT(draft_alias, evaluate), 0, 0, "false",
     .help = "Whether Route 53 leaves the target by itself when it finds it unhealthy. Never for "
             "CloudFront."},
};
static const struct schema alias_schema =
    SCHEMA("services[].sites[].alias", draft_alias, "What an alias record set points to.");

/* The same under a further record. */
static const struct schema also_alias_schema =
    SCHEMA("services[].sites[].also[].alias", draft_alias, "What an alias record set points to.");

static const struct option draft_also_set_options[] = {
    {"set", OPTION_TEXT, AT(draft_also_set, set), 1, 128, NULL,
     .help = "The record set's identifier in Route 53 (SetIdentifier).",
     .unset = "the site's own set"},
    {"value", OPTION_TEXT, AT(draft_also_set, value), 0, HOST_LENGTH, "",
     .help = "The address or name in the record; needed only for regionshift init to create it."},
    {"alias", OPTION_GROUP, AT(draft_also_set, alias), 0, 0, NULL,
     .help = "Instead of a value: the target of an alias record set.", .unset = "no alias",
     .schema = &also_alias_schema},
};
static const struct schema also_set_schema =
    SCHEMA("services[].sites[].also[]", draft_also_set,
           "The site's record set under one more record of the service.");

static const struct option draft_site_options[] = {
    {"region", OPTION_TEXT, AT(draft_site, region), 1, NAME_MAX_LENGTH, NULL,
     .help = "The region's name.", .rule = rule_name},
    {"weight", OPTION_INTEGER, AT(draft_site, weight), 0, WEIGHT_MAX, NULL,
     .help = "The record set's weight in normal times."},
    {"set", OPTION_TEXT, AT(draft_site, set), 1, 128, NULL,
     .help = "The record set's identifier in Route 53 (SetIdentifier).", .unset = "SERVICE-REGION"},
    {"value", OPTION_TEXT, AT(draft_site, value), 0, HOST_LENGTH, "",
     .help = "The address or name in the record; needed only for regionshift init to create it."},
    {"alias", OPTION_GROUP, AT(draft_site, alias), 0, 0, NULL,
     .help = "Instead of a value: the target of an alias record set.", .unset = "no alias",
     .schema = &alias_schema},
    {"also", OPTION_GROUPS, AT(draft_site, also), 0, SERVICE_RECORDS_MAX - 1, "",
     .help = "What stands in the service's further records, one for each and in their order; "
             "needed only for regionshift init to create them.",
     .schema = &also_set_schema},
    {"checks", OPTION_GROUPS, AT(draft_site, checks), 0, 16, "",
     .help = "How the site is checked. At least one, but for a group's fallback region.",
     .schema = &check_schema},
};
static const struct schema site_schema =
    SCHEMA("services[].sites[]", draft_site, "The service in one region.");

static const struct option draft_also_options[] = {
    {"record", OPTION_TEXT, AT(draft_also, record), 1, HOST_LENGTH + 1, NULL,
     .help = "The name clients resolve.", .unset = "the service's own", .rule = rule_record},
    {"type", OPTION_WORD, AT(draft_also, type), 0, 0, "A", .help = "The record's type.",
     .words = record_types},
    {"ttl", OPTION_DURATION, AT(draft_also, ttl_ms), SECOND, DAY, NULL,
     .help = "The record's TTL, in whole seconds, for regionshift init.",
     .unset = "the service's own"},
    {"zone", OPTION_TEXT, AT(draft_also, zone), 1, 32, NULL,
     .help = "The id of the hosted zone that holds the record.", .unset = "the service's own",
     .rule = rule_zone},
};
static const struct schema also_schema =
    SCHEMA("services[].also[]", draft_also,
           "One more record of the service, with a record set a region that always has the weight "
           "of the service's own.");

static const struct option draft_service_options[] = {
    {"name", OPTION_TEXT, AT(draft_service, name), 1, NAME_MAX_LENGTH, NULL,
     .help = "The service's name, unique.", .rule = rule_name},
    {"zone", OPTION_TEXT, AT(draft_service, zone), 1, 32, NULL,
     .help = "The id of the hosted zone that holds the record.", .rule = rule_zone},
    {"record", OPTION_TEXT, AT(draft_service, record), 1, HOST_LENGTH + 1, NULL,
     .help = "The name clients resolve. A wildcard (*.example.com) may be given.",
     .rule = rule_record},
    {"type", OPTION_WORD, AT(draft_service, type), 0, 0, "A", .help = "The record's type.",
     .words = record_types},
    {"ttl", OPTION_DURATION, AT(draft_service, ttl_ms), SECOND, DAY, "1m",
     .help = "The record's TTL, in whole seconds, for regionshift init. Clients follow a move only "
             "when it "
             "has passed."},
    {"also", OPTION_GROUPS, AT(draft_service, also), 0, SERVICE_RECORDS_MAX - 1, "",
     .help = "Further records that the service is known by: IPv6 beside IPv4, another name, the "
             "same name in a private zone. They move with its own, all sets of a site at once.",
     .schema = &also_schema},
    {"required", OPTION_BOOLEAN, AT(draft_service, required), 0, 0, "true",
     .help = "Whether a group that moves together leaves a region for this service's sake (D3)."},
    {"needs", OPTION_TEXTS, AT(draft_service, needs), 0, GROUP_SERVICES_MAX, "",
     .help =
         "Services of the same group that this one depends on. Where they stand in other hosted "
         "zones, those are changed first: traffic never comes to a region before what it needs "
         "there.",
     .rule = rule_name, .item_max = NAME_MAX_LENGTH},
    {"sites", OPTION_GROUPS, AT(draft_service, sites), 1, REGIONS_MAX, NULL,
     .help = "One for each region the service runs in.", .schema = &site_schema},
};
static const struct schema service_schema = SCHEMA(
    "services[]", draft_service, "A name that clients resolve, with one record set a region.");

/* ---- groups ---- */

static const struct option draft_failback_options[] = {
    {"mode", OPTION_WORD, AT(draft_failback, mode), 0, 0, "manual",
     .help = "manual waits for the order regionshift failback; auto goes back after stable (D5).",
     .words = failback_modes},
    {"steps", OPTION_INTEGERS, AT(draft_failback, steps), 0, 10, "",
     .help =
         "auto: the share that goes back at each step, rising, the last 100; empty means at once.",
     .item_max = 100},
};
static const struct schema failback_schema =
    SCHEMA("groups[].failback", draft_failback, "How weight returns to a region that is up again.");

static const struct option draft_word_options[] = {
    {"region", OPTION_TEXT, AT(draft_word, region), 1, NAME_MAX_LENGTH, NULL,
     .help = "A region in order.", .rule = rule_name},
    {"word", OPTION_SECRET, AT(draft_word, word), 0, 255, "",
     .help = "The secret word that tells Route 53 to leave the region."},
    {"next", OPTION_SECRET, AT(draft_word, next), 0, 255, "",
     .help = "The word that is to follow it: said beside it until the health checks look for it "
             "(regionshift init --health-checks --rotate)."},
};
static const struct schema word_schema =
    SCHEMA("groups[].beacon_words[]", draft_word, "The word of one region (B1).");

static const struct option draft_group_options[] = {
    {"name", OPTION_TEXT, AT(draft_group, name), 1, NAME_MAX_LENGTH, NULL,
     .help = "The group's name, unique.", .rule = rule_name},
    {"services", OPTION_TEXTS, AT(draft_group, services), 1, GROUP_SERVICES_MAX, NULL,
     .help = "The services that belong together.", .rule = rule_name, .item_max = NAME_MAX_LENGTH},
    {"together", OPTION_BOOLEAN, AT(draft_group, together), 0, 0, "false",
     .help = "Whether all of them move when one required service is down (D3)."},
    {"order", OPTION_TEXTS, AT(draft_group, order), 2, REGIONS_MAX, NULL,
     .help = "Every region of the group, the most wanted first; not the fallback.",
     .rule = rule_name, .item_max = NAME_MAX_LENGTH},
    {"hold", OPTION_DURATION, AT(draft_group, hold_ms), 0, HOUR, "30s",
     .help = "How long a region must be agreed down, unbroken, before it loses weight (D1). 0 is "
             "right for "
             "what carries no state; what drags data along wants 45s or more."},
    {"stable", OPTION_DURATION, AT(draft_group, stable_ms), 0, DAY, "1m",
     .help = "How long a region must be agreed up, unbroken, before it may gain weight (D2)."},
    {"dwell", OPTION_DURATION, AT(draft_group, dwell_ms), 0, DAY, "10m",
     .help = "The least time between two automatic moves (D6)."},
    {"failback", OPTION_GROUP, AT(draft_group, failback), 0, 0, NULL, .help = "How weight returns.",
     .unset = "manual", .schema = &failback_schema},
    {"all_down", OPTION_WORD, AT(draft_group, all_down), 0, 0, "hold",
     .help = "When no region may take the traffic: hold leaves the records as they are, fallback "
             "sends it "
             "to the fallback region (D2).",
     .words = all_down_policies},
    {"fallback", OPTION_TEXT, AT(draft_group, fallback), 0, NAME_MAX_LENGTH, "",
     .help = "The region of last resort, for instance a static page. Its sites need no checks.",
     .rule = rule_name},
    {"drift", OPTION_WORD, AT(draft_group, drift), 0, 0, "stop",
     .help = "When somebody else changed a weight: stop and page until acknowledged, adopt it, or "
             "restore what was decided, once in a dwell (C4).",
     .words = drift_policies},
    {"beacons", OPTION_BOOLEAN, AT(draft_group, beacons), 0, 0, "false",
     .help = "Whether Route 53's own health checkers can read our decisions: the second way to "
             "move (B1)."},
    {"beacon_words", OPTION_GROUPS, AT(draft_group, beacon_words), 0, REGIONS_MAX, "",
     .help = "With beacons, a secret word for each region in order.", .schema = &word_schema,
     .flags = OPTION_LOCAL},
};
static const struct schema group_schema =
    SCHEMA("groups[]", draft_group, "Services that move together: the unit of a decision.");

static const struct option draft_limits_options[] = {
    {"budget", OPTION_INTEGER, AT(draft_limits, budget), 1, 1000, "4",
     .help = "Automatic moves within window, over all groups (D6)."},
    {"window", OPTION_DURATION, AT(draft_limits, window_ms), MINUTE, 7 * DAY, "6h",
     .help = "The sliding window the budget counts in."},
};
static const struct schema limits_schema =
    SCHEMA("limits", draft_limits, "The brake over all groups.");

/* ---- Route 53, alerts, interfaces ---- */

static const struct option draft_zone_options[] = {
    {"id", OPTION_TEXT, AT(draft_zone, id), 1, 32, NULL,
     .help = "The id of a hosted zone that a service names.", .rule = rule_zone},
    {"role", OPTION_TEXT, AT(draft_zone, role), 0, 2048, "",
     .help = "The role to assume for it, for a zone in another account; empty means none.",
     .rule = rule_role},
    {"external_id", OPTION_TEXT, AT(draft_zone, external_id), 0, 1224, "",
     .help = "The external id that the role asks for; empty means none.", .rule = rule_external_id},
    {"private", OPTION_BOOLEAN, AT(draft_zone, is_private), 0, 0, "false",
     .help = "Whether it is a private zone. Its name servers answer in its own networks only, so a "
             "change there is done when Route 53 says INSYNC, and no server is asked (C7)."},
};
static const struct schema zone_schema =
    SCHEMA("aws.zones[]", draft_zone, "A hosted zone that is not reached as the others are.");

static const struct option draft_aws_options[] = {
    {"region", OPTION_TEXT, AT(draft_aws, region), 1, NAME_MAX_LENGTH, "us-east-1",
     .help = "The region requests to Route 53 are signed for.", .rule = rule_name},
    {"endpoint", OPTION_TEXT, AT(draft_aws, endpoint), 0, URL_LENGTH, "",
     .help = "A URL to send requests to instead of Route 53, for a laboratory.",
     .rule = rule_web_url},
    {"profile", OPTION_TEXT, AT(draft_aws, profile), 0, 128, "",
     .help = "The profile in the shared credentials; empty means AWS_PROFILE, then default."},
    {"nameservers", OPTION_TEXTS, AT(draft_aws, nameservers), 0, 16, "",
     .help = "Servers asked, as IP:PORT, whether a change has arrived, instead of the zone's own.",
     .rule = rule_listen, .item_max = 60},
    {"resolvers", OPTION_TEXTS, AT(draft_aws, resolvers), 0, 8, "",
     .help = "Public resolvers, as IP or IP:PORT, asked when clients see a change; empty: none.",
     .rule = rule_resolver, .item_max = 60},
    {"timeout", OPTION_DURATION, AT(draft_aws, timeout_ms), SECOND, MINUTE, "10s",
     .help = "How long one request to Route 53 may take."},
    {"rate", OPTION_INTEGER, AT(draft_aws, rate), 1, 5, "2",
     .help = "Requests a second this probe sends to Route 53, after a few at once. All tools of an "
             "account share 5 a second. A write never waits for it (C8)."},
    {"zones", OPTION_GROUPS, AT(draft_aws, zones), 0, 64, "",
     .help = "Hosted zones in other accounts, and private ones.", .schema = &zone_schema},
};
static const struct schema aws_schema = SCHEMA(
    "aws", draft_aws, "Route 53. Credentials come from the environment and the shared files.");

static const struct option draft_sink_options[] = {
    {"type", OPTION_WORD, AT(draft_sink, type), 0, 0, NULL, .help = "smtp or webhook.",
     .words = sink_kinds},
    {"name", OPTION_TEXT, AT(draft_sink, name), 1, NAME_MAX_LENGTH, NULL,
     .help = "The sink's name, unique.", .rule = rule_name,
     .unset = "TYPE-N, N its place in the list"},
    {"min_severity", OPTION_WORD, AT(draft_sink, min_severity), 0, 0, "warn",
     .help = "The least severe alert it is sent.", .words = severities},
    {"timeout", OPTION_DURATION, AT(draft_sink, timeout_ms), SECOND, 5 * MINUTE, "20s",
     .help = "How long one delivery may take."},
    {"ca_file", OPTION_TEXT, AT(draft_sink, ca_file), 0, PATH_LENGTH, "",
     .help = "Certificates the server's is checked against; empty means the system's.",
     .rule = rule_path},
    {"url", OPTION_TEXT, AT(draft_sink, url), 0, URL_LENGTH, "",
     .help = "webhook: where alerts are posted.", .rule = rule_web_url},
    {"secret", OPTION_SECRET, AT(draft_sink, secret), 0, 4096, "",
     .help = "webhook: the key the body is signed with (X-Regionshift-Signature)."},
    {"host", OPTION_TEXT, AT(draft_sink, host), 0, HOST_LENGTH, "",
     .help = "smtp: the mail server.", .rule = rule_host},
    {"port", OPTION_INTEGER, AT(draft_sink, port), 1, 65535, "587", .help = "smtp: its port."},
    {"tls", OPTION_WORD, AT(draft_sink, tls), 0, 0, "starttls",
     .help = "smtp: starttls insists on it, tls encrypts from the start, none does not encrypt.",
     .words = smtp_tls},
    {"user", OPTION_TEXT, AT(draft_sink, user), 0, 255, "",
     .help = "smtp: the name to log in with."},
    {"password", OPTION_SECRET, AT(draft_sink, password), 0, 4096, "",
     .help = "smtp: its password."},
    {"from", OPTION_TEXT, AT(draft_sink, from), 0, 254, "", .help = "smtp: the sender's address.",
     .rule = rule_mail},
    {"to", OPTION_TEXTS, AT(draft_sink, to), 0, 32, "", .help = "smtp: the recipients' addresses.",
     .rule = rule_mail, .item_max = 254},
};
static const struct schema sink_schema =
    SCHEMA("alerts[]", draft_sink, "One place alerts are sent to.");

static const struct option draft_alerting_options[] = {
    {"spool", OPTION_TEXT, AT(draft_alerting, spool), 1, PATH_LENGTH, "/var/lib/regionshift/spool",
     .help = "The directory where alerts wait on disk until they are delivered (L1).",
     .rule = rule_path},
    {"remind", OPTION_DURATION, AT(draft_alerting, remind_ms), MINUTE, 7 * DAY, "4h",
     .help = "How often an open incident is repeated."},
};
static const struct schema alerting_schema =
    SCHEMA("alerting", draft_alerting, "What all sinks share.");

static const struct option draft_http_options[] = {
    {"listen", OPTION_TEXT, AT(draft_http, listen), 0, 60, "127.0.0.1:8053",
     .help = "IP:PORT of the HTTP interface; empty turns it off.", .rule = rule_listen},
    {"beacons", OPTION_TEXT, AT(draft_http, beacons), 0, 60, "",
     .help = "IP:PORT where beacons are served and nothing else, for Route 53's health checkers to "
             "reach from anywhere. Empty: they are served on listen only.",
     .rule = rule_listen},
    {"token", OPTION_SECRET, AT(draft_http, token), 0, 4096, "",
     .help = "What an order over TCP must carry; without one they are refused."},
    {"socket", OPTION_TEXT, AT(draft_http, socket), 1, SOCKET_LENGTH,
     "/run/regionshift/control.sock", .help = "The control socket.", .rule = rule_path},
};
static const struct schema http_schema =
    SCHEMA("http", draft_http, "How people and programs reach the daemon.");

static const struct option draft_history_options[] = {
    {"path", OPTION_TEXT, AT(draft_history, path), 1, PATH_LENGTH,
     "/var/lib/regionshift/history.db", .help = "The file.", .rule = rule_path},
    {"keep", OPTION_DURATION, AT(draft_history, keep_ms), HOUR, 10 * YEAR, "90d",
     .help = "How long entries are kept."},
    {"recording", OPTION_INTEGER, AT(draft_history, recording_mb), 0, 65536, "128",
     .help = "Megabytes for recordings of all that the engine is told and answers, for "
             "`regionshift replay`; one takes at most half, whole ones go, the oldest first. 0: "
             "none are made."},
};
static const struct schema history_schema =
    SCHEMA("history", draft_history, "What this probe saw and did.");

static const struct option draft_health_checks_options[] = {
    {"interval", OPTION_INTEGER, AT(draft_health_checks, interval_s), 10, 30, "10",
     .help = "Seconds between two questions of one checker: 10, which costs more, or 30."},
    {"fall", OPTION_INTEGER, AT(draft_health_checks, fall), 1, 10, "3",
     .help = "Answers in a row that change a checker's mind, to either side."},
    {"regions", OPTION_TEXTS, AT(draft_health_checks, regions), 0, 8, "",
     .help = "Where the checkers stand, three regions at least; empty means wherever Route 53 has "
             "them.",
     .rule = rule_name, .item_max = NAME_MAX_LENGTH},
};
static const struct schema health_checks_schema =
    SCHEMA("health_checks", draft_health_checks,
           "The health checks that regionshift init --health-checks makes (B2).");

static const struct option draft_options[] = {
    {"probe", OPTION_GROUP, AT(draft, probe), 0, 0, NULL, .help = "This daemon.",
     .unset = "what its options default to", .schema = &probe_schema, .flags = OPTION_LOCAL},
    {"quorum", OPTION_GROUP, AT(draft, quorum), 0, 0, NULL, .help = "Who votes.",
     .schema = &quorum_schema},
    {"store", OPTION_GROUP, AT(draft, store), 0, 0, NULL, .help = "Where the probes meet.",
     .unset = "what its options default to", .schema = &store_schema, .flags = OPTION_LOCAL},
    {"checks", OPTION_GROUP, AT(draft, checks), 0, 0, NULL, .help = "Defaults of checks.",
     .unset = "what its options default to", .schema = &timing_schema},
    {"services", OPTION_GROUPS, AT(draft, services), 1, SERVICES_MAX, NULL,
     .help = "What is watched and moved.", .schema = &service_schema},
    {"groups", OPTION_GROUPS, AT(draft, groups), 1, GROUPS_MAX, NULL,
     .help = "What moves with what.", .schema = &group_schema},
    {"limits", OPTION_GROUP, AT(draft, limits), 0, 0, NULL, .help = "The brake.",
     .unset = "what its options default to", .schema = &limits_schema},
    {"aws", OPTION_GROUP, AT(draft, aws), 0, 0, NULL, .help = "Route 53.",
     .unset = "what its options default to", .schema = &aws_schema, .flags = OPTION_LOCAL},
    {"alerts", OPTION_GROUPS, AT(draft, alerts), 0, 16, "", .help = "Where alerts are sent.",
     .schema = &sink_schema, .flags = OPTION_LOCAL},
    {"alerting", OPTION_GROUP, AT(draft, alerting), 0, 0, NULL, .help = "What all sinks share.",
     .unset = "what its options default to", .schema = &alerting_schema, .flags = OPTION_LOCAL},
    {"http", OPTION_GROUP, AT(draft, http), 0, 0, NULL, .help = "The interfaces.",
     .unset = "what its options default to", .schema = &http_schema, .flags = OPTION_LOCAL},
    {"history", OPTION_GROUP, AT(draft, history), 0, 0, NULL, .help = "The local history.",
     .unset = "what its options default to", .schema = &history_schema, .flags = OPTION_LOCAL},
    {"health_checks", OPTION_GROUP, AT(draft, health_checks), 0, 0, NULL,
     .help = "Who reads the beacons.", .unset = "what its options default to",
     .schema = &health_checks_schema, .flags = OPTION_LOCAL},
};
const struct schema settings_schema = SCHEMA("", draft, "The file.");

void *option_value(const struct option *option, void *group)
{
    return (char *)group + option->offset;
}

const void *option_constant(const struct option *option, const void *group)
{
    return (const char *)group + option->offset;
}

int option_word(const struct option *option, const char *word)
{
    int index = 0;
    while (option->words[index] != NULL && strcmp(option->words[index], word) != 0)
        index++;
    return index;
}
