#pragma once
#include <curl/curl.h>
#include <string.h>

// Swift cannot call C functions with a variable number of arguments; these have one kind of value each.

static inline CURLcode ccurl_set_integer(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

// The text is copied, or is an empty option if it is null.
static inline CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

// The value has to live until the transfer has ended.
static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

// The bytes are copied.
static inline CURLcode ccurl_set_authority(CURL *handle, const void *bytes, size_t count) {
    struct curl_blob blob = {.data = (void *)bytes, .len = count, .flags = CURL_BLOB_COPY};
    return curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &blob);
}

// The callbacks get `context`: one the bytes of the body, one those of the headers, and one, about once a second, the
// question whether to go on (0) or not.
static inline void ccurl_set_callbacks(
    CURL *handle, void *context, curl_write_callback body, curl_write_callback header, curl_xferinfo_callback progress) {
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}

// The peer's certificate in PEM, if CURLOPT_CERTINFO was set; null otherwise. It is valid until the next transfer.
static inline const char *ccurl_certificate(CURL *handle) {
    struct curl_certinfo *information = NULL;
    if (curl_easy_getinfo(handle, CURLINFO_CERTINFO, &information) != CURLE_OK || !information) return NULL;
    if (information->num_of_certs < 1) return NULL;
    for (const struct curl_slist *field = information->certinfo[0]; field; field = field->next) {
        if (strncmp(field->data, "Cert:", 5) == 0) return field->data + 5;
    }
    return NULL;
}

static inline long ccurl_status(CURL *handle) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}
