/* SPDX-License-Identifier: Apache-2.0 */
/* schema_checks.c: the table's part about checks. Every kind has its own keys beside the common
 * ones; a row says which. */
#include "schema_rows.h"

/* ---- when ---- */

static const struct option draft_window_options[] = {
    {"bad", OPTION_INTEGER, AT(draft_window, bad), 0, 1000, "0",
     .help = "Bad results that make the site down; 0 turns the window off."},
    {"of", OPTION_INTEGER, AT(draft_window, of), 0, 1000, "0", .help = "Results looked back on."},
};
static const struct schema default_window_schema =
    SCHEMA("checks.window", draft_window,
           "Down by bad results among the last ones, for failures that come and go (V3).");

static const struct option draft_timing_options[] = {
    {"interval", OPTION_DURATION, AT(draft_timing, interval_ms), 100, HOUR, "10s",
     .help = "From the start of one check to the start of the next."},
    {"timeout", OPTION_DURATION, AT(draft_timing, timeout_ms), 50, MINUTE, "3s",
     .help = "How long one check may take altogether. Less than interval."},
    {"retry", OPTION_DURATION, AT(draft_timing, retry_ms), 50, HOUR, "1s",
     .help = "The pause before the check is repeated while a site is under suspicion (V2)."},
    {"fall", OPTION_INTEGER, AT(draft_timing, fall), 1, 100, "3",
     .help =
         "Bad results in a row that make the probe say down (V1). Where several probes watch, the "
         "one that makes the others look is not counted (V2)."},
    {"rise", OPTION_INTEGER, AT(draft_timing, rise), 1, 100, "2",
     .help = "Good results in a row that make the probe say up (V1)."},
    {"window", OPTION_GROUP, AT(draft_timing, window), 0, 0, NULL,
     .help = "Down by bad results among the last ones.", .unset = "off",
     .schema = &default_window_schema},
};
const struct schema timing_schema =
    SCHEMA("checks", draft_timing, "What a check keeps to when it does not say otherwise.");

#define IN_CHECKS "the value in checks"

static const struct option check_window_options[] = {
    {"bad", OPTION_INTEGER, AT(draft_window, bad), 0, 1000, NULL,
     .help = "Bad results that make the site down; 0 turns the window off.", .unset = IN_CHECKS},
    {"of", OPTION_INTEGER, AT(draft_window, of), 0, 1000, NULL, .help = "Results looked back on.",
     .unset = IN_CHECKS},
};
static const struct schema check_window_schema = {
    .path = "services[].sites[].checks[].window",
    .help = "Down by bad results among the last ones.",
    .options = check_window_options,
    .count = COUNT(check_window_options),
    .size = sizeof(struct draft_window),
};

/* ---- what ---- */

const char *const check_kind_words[] = {
    [CHECK_HTTP] = "http",
    [CHECK_TCP] = "tcp",
    [CHECK_TLS] = "tls",
    [CHECK_DNS] = "dns",
    [CHECK_ICMP] = "icmp",
    [CHECK_GRPC] = "grpc",
    [CHECK_WEBSOCKET] = "websocket",
    [CHECK_AGENT] = "agent",
    [CHECK_COMMAND] = "command",
    [CHECK_PUSH] = "push",
    [CHECK_ALARM] = "alarm",
    [CHECK_ALB] = "alb",
    [CHECK_GROUP] = "group",
    [CHECK_KIND_COUNT] = NULL,
};

static const char *const levels[] = {"required", "degraded", "info", NULL};
static const char *const methods[] = {"GET", "HEAD", NULL};
static const char *const http_versions[] = {"1.1", "2", "3", NULL};
static const char *const connections[] = {"fresh", "resumed", "kept", NULL};
static const char *const families[] = {"both", "ipv4", "ipv6", NULL};
static const char *const needs[] = {[NEED_ALL] = "all", [NEED_ANY] = "any", NULL};
static const char *const starttls_words[] = {"none", "smtp",     "imap",  "pop3",
                                             "ldap", "postgres", "mysql", NULL};

/* Kinds that have a key. Those that go somewhere have a host; those of AWS ask AWS. */
#define HTTP KIND_BIT(CHECK_HTTP)
#define TCP KIND_BIT(CHECK_TCP)
#define TLS KIND_BIT(CHECK_TLS)
#define DNS KIND_BIT(CHECK_DNS)
#define GRPC KIND_BIT(CHECK_GRPC)
#define WEBSOCKET KIND_BIT(CHECK_WEBSOCKET)
#define COMMAND KIND_BIT(CHECK_COMMAND)
#define PUSH KIND_BIT(CHECK_PUSH)
#define ALARM KIND_BIT(CHECK_ALARM)
#define ALB KIND_BIT(CHECK_ALB)
#define GROUP KIND_BIT(CHECK_GROUP)
#define WITH_HOST                                                                                  \
    (HTTP | TCP | TLS | DNS | KIND_BIT(CHECK_ICMP) | GRPC | WEBSOCKET | KIND_BIT(CHECK_AGENT))
#define WITH_CERTIFICATE (HTTP | TLS | GRPC | WEBSOCKET)
#define WITH_ANSWER (WITH_HOST | COMMAND | PUSH | ALARM | ALB)

enum { TEXT_LENGTH = 1000, ADDRESSES_MAX = 16, ARGUMENT_LENGTH = 4000, BODY_MAX = 1024 * 1024 };

static const struct option draft_addresses_options[] = {
    {"need", OPTION_COUNT, AT(draft_addresses, need), 1, ADDRESSES_MAX, "any",
     .help = "How many of the addresses that the name has must be good: all, any, or so many. Each "
             "is asked by itself, at most 16.",
     .words = needs},
    {"family", OPTION_WORD, AT(draft_addresses, family), 0, 0, "both",
     .help = "Which of them are asked: IPv4 and IPv6, or one of the two.", .words = families},
};
static const struct schema addresses_schema =
    SCHEMA("services[].sites[].checks[].addresses", draft_addresses,
           "What is made of a name with several addresses.");

static const struct option draft_line_options[] = {
    {"send", OPTION_TEXT, AT(draft_line, send), 0, TEXT_LENGTH, "",
     .help = "Bytes to send, as they are: a line ends where \\r\\n is written.",
     .flags = OPTION_BYTES},
    {"expect", OPTION_TEXT, AT(draft_line, expect), 0, TEXT_LENGTH, "",
     .help = "Bytes that have to come before the next step; empty waits for nothing.",
     .flags = OPTION_BYTES},
};
static const struct schema line_schema =
    SCHEMA("services[].sites[].checks[].dialogue[]", draft_line,
           "One step of what is said over the connection; send comes first.");

static const struct option draft_check_options[] = {
    {"type", OPTION_WORD, AT(draft_check, type), 0, 0, "http",
     .help = "http asks for a page, over TLS when the URL says https; tcp opens a connection, and "
             "may talk over it; tls looks at a certificate; dns asks a name server; icmp sends an "
             "echo; grpc asks the health protocol of gRPC; websocket opens one; agent reads what "
             "HAProxy's agents say; command runs a program as Nagios runs its plugins; push waits "
             "for a job to report; alarm asks CloudWatch; alb counts the healthy targets of a "
             "target group; group counts other checks of the site.",
     .words = check_kind_words},
    {"name", OPTION_TEXT, AT(draft_check, name), 0, NAME_MAX_LENGTH, "",
     .help = "What the check is called in logs and in of; unique in its site. Of a push it is the "
             "job's name too, as in POST /api/v1/push/NAME, and unique in the file.",
     .rule = rule_name},
    {"level", OPTION_WORD, AT(draft_check, level), 0, 0, "required",
     .help =
         "What it means when the check is bad: required, and the site is down; degraded, and it "
         "is told and alerted while traffic stays; info, and it is told.",
     .words = levels},
    {"url", OPTION_TEXT, AT(draft_check, url), 0, URL_LENGTH, "",
     .help = "What is checked: http://HOST[:PORT]/PATH, https://..., tcp://HOST:PORT, "
             "tls://HOST:PORT, dns://SERVER[:PORT]/NAME?type=TYPE, icmp://HOST, grpc://HOST:PORT, "
             "grpcs://HOST:PORT, ws://HOST[:PORT]/PATH, wss://... or agent://HOST:PORT. HOST must "
             "be the region's own, never a name that regionshift moves.",
     .rule = rule_check_url, .kinds = WITH_HOST},
    {"address", OPTION_TEXT, AT(draft_check, address), 0, 45, "",
     .help =
         "An IP address to connect to instead of those that HOST has; HOST is still asked for, and "
         "its certificate checked.",
     .rule = rule_address, .kinds = WITH_HOST},
    {"addresses", OPTION_GROUP, AT(draft_check, addresses), 0, 0, NULL,
     .help = "What is made of a name with several addresses.", .unset = "any, both",
     .schema = &addresses_schema, .kinds = WITH_HOST},
    {"allow", OPTION_TEXTS, AT(draft_check, allow), 0, 4, "",
     .help = "Kinds of address that no check connects to unless they are named here: loopback, "
             "link-local, metadata (a cloud's), multicast. A loopback address that the url or "
             "address itself says is allowed.",
     .rule = rule_allow, .item_max = 20, .kinds = WITH_HOST},
    {"method", OPTION_WORD, AT(draft_check, method), 0, 0, "GET", .help = "The request's method.",
     .words = methods, .kinds = HTTP},
    {"headers", OPTION_TEXTS, AT(draft_check, headers), 0, 32, "",
     .help = "Headers of the request, each as \"Name: value\". Host may be given.",
     .rule = rule_header, .item_max = 1000, .kinds = HTTP | WEBSOCKET},
    {"status", OPTION_TEXT, AT(draft_check, status), 1, 200, "200-299",
     .help = "Statuses that are good: a list of numbers and ranges. When expect speaks of status, "
             "the default says nothing.",
     .kinds = HTTP},
    {"body", OPTION_TEXT, AT(draft_check, body), 0, 200, "",
     .help = "Text the answer must contain, to the letter; empty asks for nothing.", .kinds = HTTP},
    {"expect", OPTION_TEXT, AT(draft_check, expect), 0, TEXT_LENGTH, "",
     .help =
         "What an answer must be like to be good, as in: latency < 300ms and json .queue < 100. "
         "What the kind expects anyway holds beside it, unless it speaks of that itself.",
     .kinds = WITH_ANSWER},
    {"http", OPTION_WORD, AT(draft_check, http), 0, 0, "1.1",
     .help =
         "The version of HTTP that is spoken; 3 over TLS only, 2 in the clear without an upgrade.",
     .words = http_versions, .kinds = HTTP},
    {"connection", OPTION_WORD, AT(draft_check, connection), 0, 0, "fresh",
     .help = "How the check comes to its server: fresh, over a new connection and with a full "
             "handshake every time; resumed, over a new connection that resumes the TLS session of "
             "the last check; kept, over the connection of the last check, whose answers are read "
             "to their end. What resumes or keeps costs less, and is fresh again and again.",
     .words = connections, .kinds = HTTP},
    {"fresh_every", OPTION_INTEGER, AT(draft_check, fresh_every), 1, 1000, "10",
     .help = "With connection resumed or kept: every so many checks one is fresh whatever happens; "
             "so is the one after a result that was not good, and every one under suspicion (V2).",
     .kinds = HTTP},
    {"redirects", OPTION_INTEGER, AT(draft_check, redirects), 0, 5, "0",
     .help = "Redirects that are followed, never to another scheme; 0: they are an answer.",
     .kinds = HTTP},
    {"body_limit", OPTION_INTEGER, AT(draft_check, body_limit), 1, BODY_MAX, "65536",
     .help = "Bytes of an answer's body that are read; what comes after them is not looked at.",
     .kinds = HTTP},
    {"verify", OPTION_BOOLEAN, AT(draft_check, verify), 0, 0, "true",
     .help = "Whether the certificate is checked.", .kinds = WITH_CERTIFICATE},
    {"ca_file", OPTION_TEXT, AT(draft_check, ca_file), 0, PATH_LENGTH, "",
     .help = "https: certificates (PEM) that the server's is checked against, for a private "
             "authority; empty means the system's. The same path on every probe.",
     .rule = rule_path, .kinds = WITH_CERTIFICATE},
    {"dialogue", OPTION_GROUPS, AT(draft_check, dialogue), 0, 16, "",
     .help = "What is said over the connection, step by step; without it the connection is enough.",
     .schema = &line_schema, .kinds = TCP},
    {"starttls", OPTION_WORD, AT(draft_check, starttls), 0, 0, "none",
     .help = "The protocol in which the server is asked to begin TLS; none begins it at once.",
     .words = starttls_words, .kinds = TLS},
    {"tls_name", OPTION_TEXT, AT(draft_check, tls_name), 0, HOST_LENGTH, "",
     .help = "The name that the certificate must be for; empty means HOST.", .rule = rule_host,
     .kinds = TLS},
    {"pin", OPTION_TEXT, AT(draft_check, pin), 0, 60, "",
     .help = "The public key that the certificate must have, as sha256/ and the base64 of its "
             "SHA-256 (RFC 7469); empty means any.",
     .rule = rule_pin, .kinds = TLS},
    {"dnssec", OPTION_BOOLEAN, AT(draft_check, dnssec), 0, 0, "false",
     .help = "Whether the server, a validating resolver, must say that the answer is authentic.",
     .kinds = DNS},
    {"tcp", OPTION_BOOLEAN, AT(draft_check, tcp), 0, 0, "false",
     .help = "Whether it is asked over TCP at once; otherwise only when an answer over UDP was "
             "cut.",
     .kinds = DNS},
    {"service", OPTION_TEXT, AT(draft_check, service), 0, 255, "",
     .help = "The service whose health is asked for; empty means the server's as a whole.",
     .kinds = GRPC},
    {"command", OPTION_TEXTS, AT(draft_check, command), 0, 64, "",
     .help = "The program, by its absolute path, and its arguments. No shell reads them. Exit 0 is "
             "good, 1 good with a warning, 2 bad, 3 says nothing.",
     .item_max = ARGUMENT_LENGTH, .kinds = COMMAND},
    {"token", OPTION_SECRET, AT(draft_check, token), 0, 4096, "",
     .help = "What a report must carry.", .flags = OPTION_LOCAL, .kinds = PUSH},
    {"period", OPTION_DURATION, AT(draft_check, period_ms), 0, 31 * (msec_t)DAY, "0s",
     .help = "How long the job may be silent.", .kinds = PUSH},
    {"alarm", OPTION_TEXT, AT(draft_check, alarm), 0, 255, "",
     .help = "The alarm's name. OK is good, ALARM is bad, INSUFFICIENT_DATA says nothing.",
     .kinds = ALARM},
    {"target_group", OPTION_TEXT, AT(draft_check, target_group), 0, 2048, "",
     .help = "The target group's ARN.", .rule = rule_target_group, .kinds = ALB},
    {"aws_region", OPTION_TEXT, AT(draft_check, aws_region), 0, NAME_MAX_LENGTH, "",
     .help = "The region of AWS that is asked; of alb it is the ARN's unless given.",
     .rule = rule_name, .kinds = ALARM | ALB},
    {"role", OPTION_TEXT, AT(draft_check, role), 0, 2048, "",
     .help = "The role to assume for it, in another account; empty means none.", .rule = rule_role,
     .kinds = ALARM | ALB},
    {"external_id", OPTION_TEXT, AT(draft_check, external_id), 0, 1224, "",
     .help = "The external id that the role asks for; empty means none.", .rule = rule_external_id,
     .kinds = ALARM | ALB},
    {"of", OPTION_TEXTS, AT(draft_check, of), 0, 16, "",
     .help = "Names of checks of the same site. They count in this one only.", .rule = rule_name,
     .item_max = NAME_MAX_LENGTH, .kinds = GROUP},
    {"need", OPTION_INTEGER, AT(draft_check, need), 0, 16, "0",
     .help = "How many of them must be good.", .kinds = GROUP},
    {"interval", OPTION_DURATION, AT(draft_check, timing.interval_ms), 100, HOUR, NULL,
     .help = "From the start of one check to the start of the next.", .unset = IN_CHECKS},
    {"timeout", OPTION_DURATION, AT(draft_check, timing.timeout_ms), 50, MINUTE, NULL,
     .help = "How long one check may take altogether.", .unset = IN_CHECKS},
    {"retry", OPTION_DURATION, AT(draft_check, timing.retry_ms), 50, HOUR, NULL,
     .help = "The pause before a repetition under suspicion.", .unset = IN_CHECKS},
    {"fall", OPTION_INTEGER, AT(draft_check, timing.fall), 1, 100, NULL,
     .help = "Bad results in a row that mean down.", .unset = IN_CHECKS},
    {"rise", OPTION_INTEGER, AT(draft_check, timing.rise), 1, 100, NULL,
     .help = "Good results in a row that mean up.", .unset = IN_CHECKS},
    {"window", OPTION_GROUP, AT(draft_check, timing.window), 0, 0, NULL,
     .help = "Down by bad results among the last ones.", .unset = IN_CHECKS,
     .schema = &check_window_schema},
};
const struct schema check_schema = SCHEMA(
    "services[].sites[].checks[]", draft_check,
    "One way of asking whether the site serves. A site is down when one of its required checks "
    "is.");
