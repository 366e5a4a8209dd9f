/* SPDX-License-Identifier: Apache-2.0 */
/* The bases that the environment names: keys, the endpoint of a container, the machine. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "credentials_planner.h"
#include "iso8601.h"

static bool is_word(const char *text, const char *word)
{
    return strcasecmp(text, word) == 0;
}

/* ---- keys ---- */

bool planner_has_variables(const struct planner *planner)
{
    return planner_variable(planner, "AWS_ACCESS_KEY_ID")[0] != '\0' ||
           planner_variable(planner, "AWS_SECRET_ACCESS_KEY")[0] != '\0';
}

static int take_expiration(struct planner *planner)
{
    const char *text = planner_variable(planner, "AWS_CREDENTIAL_EXPIRATION");
    struct credentials_lease *lease = &planner->plan->lease;

    if (text[0] == '\0')
        return 0;
    if (iso8601_read(text, strlen(text), &lease->ends_at_ms) != 0)
        return planner_fail(planner,
                            "AWS_CREDENTIAL_EXPIRATION is not a time like 2026-11-22T17:13:31Z");
    lease->has_end = true;
    return 0;
}

/* Half a pair is an error, not a reason to look further: somebody meant these to be used. */
int planner_take_variables(struct planner *planner)
{
    const char *key_id = planner_variable(planner, "AWS_ACCESS_KEY_ID");
    const char *secret = planner_variable(planner, "AWS_SECRET_ACCESS_KEY");
    const char *token = planner_either(planner_variable(planner, "AWS_SESSION_TOKEN"),
                                       planner_variable(planner, "AWS_SECURITY_TOKEN"));
    char why[160];

    if (key_id[0] == '\0' || secret[0] == '\0')
        return planner_fail(planner,
                            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together");
    if (credentials_set(&planner->plan->lease.keys, key_id, secret, token, why, sizeof(why)) != 0)
        return planner_fail(planner, "in the environment: %s", why);
    planner->plan->base = CREDENTIALS_BASE_KEYS;
    return take_expiration(planner);
}

/* ---- container and machine ---- */

bool planner_has_container(const struct planner *planner)
{
    return planner_variable(planner, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")[0] != '\0' ||
           planner_variable(planner, "AWS_CONTAINER_CREDENTIALS_FULL_URI")[0] != '\0';
}

static int take_authorization(struct planner *planner)
{
    const char *file = planner_variable(planner, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = planner_variable(planner, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    struct credentials_plan *plan = planner->plan;

    if (file[0] != '\0')
        return planner_set(planner, plan->token_file, sizeof(plan->token_file), file,
                           "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (token[0] == '\0')
        return 0;
    if (credentials_token_length(token, strlen(token)) != (int)strlen(token))
        return planner_fail(planner,
                            "AWS_CONTAINER_AUTHORIZATION_TOKEN holds a character that would break "
                            "a header, or is too long");
    return planner_set(planner, plan->authorization, sizeof(plan->authorization), token,
                       "AWS_CONTAINER_AUTHORIZATION_TOKEN");
}

int planner_take_container(struct planner *planner)
{
    const char *relative = planner_variable(planner, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = planner_variable(planner, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const char *name = relative[0] != '\0' ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
                                           : "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    struct credentials_plan *plan = planner->plan;
    int length;
    char why[192];

    if (relative[0] != '\0' && relative[0] != '/')
        return planner_fail(planner, "%s does not begin with /", name);
    length = relative[0] != '\0'
                 ? snprintf(plan->url, sizeof(plan->url), "http://169.254.170.2%s", relative)
                 : snprintf(plan->url, sizeof(plan->url), "%s", full);
    if ((size_t)length >= sizeof(plan->url))
        return planner_fail(planner, "%s has more than %zu characters", name,
                            sizeof(plan->url) - 1);
    if (credentials_url_check(plan->url, why, sizeof(why)) != 0)
        return planner_fail(planner, "%s: %s", name, why);
    plan->base = CREDENTIALS_BASE_CONTAINER;
    return take_authorization(planner);
}

static const char *find_metadata_service(struct planner *planner)
{
    const char *url = planner_either(planner_variable(planner, "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
                                     PLANNER_SAID(planner, imds_endpoint));
    const char *mode =
        planner_either(planner_variable(planner, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"),
                       PLANNER_SAID(planner, imds_mode));

    if (url[0] != '\0')
        return url;
    if (is_word(mode, "ipv6"))
        return "http://[fd00:ec2::254]";
    return mode[0] == '\0' || is_word(mode, "ipv4") ? "http://169.254.169.254" : NULL;
}

int planner_take_machine(struct planner *planner)
{
    const char *url = find_metadata_service(planner);
    struct credentials_plan *plan = planner->plan;
    size_t length;

    if (is_word(planner_variable(planner, "AWS_EC2_METADATA_DISABLED"), "true"))
        return planner_fail(planner, "no credentials: %s%sAWS_EC2_METADATA_DISABLED is set",
                            plan->tried, plan->tried[0] != '\0' ? ", " : "");
    if (url == NULL)
        return planner_fail(planner,
                            "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is neither IPv4 nor IPv6");
    if (!credentials_url_is_plain(url))
        return planner_fail(planner,
                            "AWS_EC2_METADATA_SERVICE_ENDPOINT is not a URL like http://HOST:PORT");
    if (planner_set(planner, plan->url, sizeof(plan->url), url,
                    "AWS_EC2_METADATA_SERVICE_ENDPOINT") != 0)
        return -1;
    for (length = strlen(plan->url); length > 0 && plan->url[length - 1] == '/'; length--)
        plan->url[length - 1] = '\0';
    plan->base = CREDENTIALS_BASE_MACHINE;
    return 0;
}
