-- Macros of the published snapshot: pseudonyms, and links without personal data.

-- HMAC-SHA-256, by its definition (RFC 2104), over company and text, cut to 128 bits. The variables are the key with
-- the inner and with the outer padding. The length keeps company and text apart.
CREATE OR REPLACE TEMP MACRO pseudonym(company_id, text_value) AS -- noqa: CP05
left(
  sha256(
    getvariable('pseudonym_outer_key')
    || unhex(
      sha256(
        getvariable('pseudonym_inner_key') || encode(strlen(company_id) || ':' || company_id || text_value)
      )
    )
  ),
  32
);

-- A link without user, query, fragment and parameters of its path, also percent-encoded as in the path of a redirect.
-- A path that contains an @, also percent-encoded or of full width, is left out. Of a link without a host (mailto:) and
-- of one that opens a conversation (tel://) only the scheme is left. Null if nothing is left.
CREATE OR REPLACE TEMP MACRO path_without_address(path) AS -- noqa: CP05
CASE WHEN regexp_matches(path, '@|%(?:25)*40') THEN '' ELSE path END;

CREATE OR REPLACE TEMP MACRO link_without_address(link) AS -- noqa: CP05
CASE
  WHEN starts_with(link, 'https://') AND NOT contains(link, '@') AND NOT contains(link, '%') THEN link
  WHEN
    regexp_matches(link, '^[a-zA-Z][a-zA-Z0-9+-]*:(?:$|[^/]|/$|/[^/])')
    OR regexp_matches(link, '(?i)^(?:callto|facetime|mailto|sips?|skype|sms|smsto|tel|viber|whatsapp|zalo):')
    THEN regexp_extract(link, '^[a-zA-Z0-9+-]*:')
  WHEN NOT regexp_matches(link, '@|%(?:25)*40') THEN link
  WHEN regexp_full_match(link, '(?s)(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//(?:[^/]*@)?[^/@%]*(?:/.*)?')
    THEN
      regexp_replace(link, '(?s)^((?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//)(?:[^/]*@)?([^/@%]*).*$', '\1\2')
      || path_without_address(regexp_replace(link, '^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/]*', ''))
END;

CREATE OR REPLACE TEMP MACRO published_link(link) AS -- noqa: CP05
nullif(
  link_without_address(
    regexp_replace(
      CASE
        WHEN contains(link, '＠') OR contains(link, '%')
          THEN regexp_replace(link, '＠|(?i)%(?:25)*EF%(?:25)*BC%(?:25)*A0', '@', 'g')
        ELSE link
      END,
      '(?s)(?:[?#]|[;&][^/;&=]*=|%(?:25)*(?:3[fF]|23)).*$',
      ''
    )
  ),
  ''
);
