-- One row per load date of raw events: whether its contacts must be read anew, since its rows have changed, or what
-- counts as a contact.
{{ loads_of_types('int_contacts', ref('contact_channels')) }}
