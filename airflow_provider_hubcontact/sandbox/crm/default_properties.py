"""The contact properties that every portal has: the usual ones, with HubSpot's types (F)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from airflow_provider_hubcontact.sandbox.crm.definitions import Definition, Option

GROUPS = (
    "contactinformation",
    "contact_activity",
    "analyticsinformation",
    "conversioninformation",
    "emailinformation",
    "sales_properties",
    "socialmediainformation",
)
"""The groups that a property may be put in."""

TEXTS = {
    "email": "Email",
    "firstname": "First Name",
    "lastname": "Last Name",
    "salutation": "Salutation",
    "jobtitle": "Job Title",
    "company": "Company Name",
    "website": "Website URL",
    "address": "Street Address",
    "city": "City",
    "state": "State/Region",
    "zip": "Postal Code",
    "country": "Country/Region",
    "hs_country_region_code": "Country/Region Code",
    "annualrevenue": "Annual Revenue",
    "industry": "Industry",
    "company_size": "Company size",
    "job_function": "Job function",
    "seniority": "Seniority",
    "field_of_study": "Field of study",
    "degree": "Degree",
    "school": "School",
    "graduation_date": "Graduation date",
    "start_date": "Start date",
    "date_of_birth": "Date of birth",
    "gender": "Gender",
    "marital_status": "Marital Status",
    "relationship_status": "Relationship Status",
    "military_status": "Military status",
    "work_email": "Work email",
    "twitterhandle": "Twitter Username",
    "linkedinbio": "LinkedIn Bio",
    "hs_linkedin_url": "LinkedIn URL",
    "photo": "Photo",
}
PHONES = {"phone": "Phone Number", "mobilephone": "Mobile Phone Number", "fax": "Fax Number"}
NUMBERS = {
    "followercount": "Follower Count",
    "linkedinconnections": "LinkedIn Connections",
    "associatedcompanyid": "Primary Associated Company ID",
}

STAGES = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
LEAD_STATUSES = (
    ("NEW", "New"),
    ("OPEN", "Open"),
    ("IN_PROGRESS", "In Progress"),
    ("OPEN_DEAL", "Open Deal"),
    ("UNQUALIFIED", "Unqualified"),
    ("ATTEMPTED_TO_CONTACT", "Attempted to Contact"),
    ("CONNECTED", "Connected"),
    ("BAD_TIMING", "Bad Timing"),
)
BUYING_ROLES = (
    ("BLOCKER", "Blocker"),
    ("BUDGET_HOLDER", "Budget Holder"),
    ("CHAMPION", "Champion"),
    ("DECISION_MAKER", "Decision Maker"),
    ("END_USER", "End User"),
    ("EXECUTIVE_SPONSOR", "Executive Sponsor"),
    ("INFLUENCER", "Influencer"),
    ("LEGAL_AND_COMPLIANCE", "Legal & Compliance"),
    ("OTHER", "Other"),
)
EMPLOYEES = ("1-5", "5-25", "25-50", "50-100", "100-500", "500-1000", "1000+")
LANGUAGES = (
    "ar",
    "cs",
    "de",
    "en",
    "es",
    "fr",
    "he",
    "hi",
    "it",
    "ja",
    "ko",
    "nl",
    "pl",
    "pt",
    "th",
    "tr",
    "uk",
    "zh",
)
YES_NO = (("true", "Yes"), ("false", "No"))

READ_ONLY = {
    "hs_object_id": ("Record ID", "number", "number"),
    "createdate": ("Create Date", "datetime", "date"),
    "lastmodifieddate": ("Last Modified Date", "datetime", "date"),
    "hs_lastmodifieddate": ("Object last modified date/time", "datetime", "date"),
    "hs_createdate": ("Object create date/time", "datetime", "date"),
    "hs_lifecyclestage_subscriber_date": ("Date entered 'Subscriber'", "datetime", "date"),
    "hs_lifecyclestage_lead_date": ("Date entered 'Lead'", "datetime", "date"),
    "hs_lifecyclestage_marketingqualifiedlead_date": (
        "Date entered 'Marketing Qualified Lead'",
        "datetime",
        "date",
    ),
    "hs_lifecyclestage_salesqualifiedlead_date": ("Date entered 'Sales Qualified Lead'", "datetime", "date"),
    "hs_lifecyclestage_opportunity_date": ("Date entered 'Opportunity'", "datetime", "date"),
    "hs_lifecyclestage_customer_date": ("Date entered 'Customer'", "datetime", "date"),
    "hs_lifecyclestage_evangelist_date": ("Date entered 'Evangelist'", "datetime", "date"),
    "hs_lifecyclestage_other_date": ("Date entered 'Other'", "datetime", "date"),
    "hs_v2_date_entered_current_stage": ("Date entered current stage", "datetime", "date"),
    "hs_v2_time_in_current_stage": ("Time in current stage", "datetime", "date"),
    "hs_full_name_or_email": ("Full name or email", "string", "text"),
    "hs_searchable_calculated_phone_number": ("Calculated phone number", "phone_number", "phonenumber"),
    "hs_is_contact": ("Is a contact", "bool", "booleancheckbox"),
    "hs_associated_target_accounts": ("Associated target accounts", "number", "number"),
    "hs_currently_enrolled_in_prospecting_agent": ("In the prospecting agent", "bool", "booleancheckbox"),
    "hs_prospecting_agent_actively_enrolled_count": ("Prospecting agent, now", "number", "number"),
    "hs_prospecting_agent_total_enrolled_count": ("Prospecting agent, in all", "number", "number"),
    "hs_membership_has_accessed_private_content": ("Has accessed private content", "number", "number"),
    "hs_registered_member": ("Registered member", "number", "number"),
    "hs_sequences_actively_enrolled_count": ("Sequences, now", "number", "number"),
    "hs_additional_emails": ("Additional email addresses", "enumeration", "checkbox"),
    "hs_merged_object_ids": ("Merged record IDs", "enumeration", "checkbox"),
    "hs_email_domain": ("Email Domain", "string", "text"),
    "hs_all_contact_vids": ("All vids for a contact", "enumeration", "checkbox"),
    "hs_object_source": ("Record creation source", "string", "text"),
    "hs_object_source_id": ("Record creation source ID", "string", "text"),
    "hs_object_source_label": ("Record source", "string", "text"),
    "hs_analytics_num_page_views": ("Number of Pageviews", "number", "number"),
    "hs_analytics_num_visits": ("Number of Sessions", "number", "number"),
    "hs_email_open": ("Marketing emails opened", "number", "number"),
    "hs_email_click": ("Marketing emails clicked", "number", "number"),
    "hs_email_bounce": ("Marketing emails bounced", "number", "number"),
    "hs_email_optout": ("Unsubscribed from all email", "bool", "booleancheckbox"),
    "hs_is_unworked": ("Contact unworked", "bool", "calculation_equation"),
    "hs_marketable_status": ("Marketing contact status", "enumeration", "booleancheckbox"),
    "hs_marketable_until_renewal": ("Marketing contact until next update", "enumeration", "booleancheckbox"),
    "hs_marketable_reason_type": ("Marketing contact reason type", "string", "text"),
    "hs_marketable_reason_id": ("Marketing contact reason ID", "string", "text"),
    "hubspotscore": ("HubSpot Score", "number", "calculation_score"),
    "hubspot_owner_assigneddate": ("Owner assigned date", "datetime", "date"),
    "num_associated_deals": ("Number of Associated Deals", "number", "number"),
    "num_notes": ("Number of Sales Activities", "number", "number"),
    "notes_last_contacted": ("Last Contacted", "datetime", "date"),
    "notes_last_updated": ("Last Activity Date", "datetime", "date"),
    "recent_deal_amount": ("Recent Deal Amount", "number", "number"),
    "total_revenue": ("Total Revenue", "number", "number"),
    "days_to_close": ("Days To Close", "number", "number"),
}
"""Property that HubSpot computes → label, type, field type."""


@cache
def default_properties() -> tuple[Definition, ...]:
    """Return HubSpot's own contact properties: names, types, options and read-only flags."""
    return tuple(
        replace(definition, hubspot_defined=True, display_order=place)
        for place, definition in enumerate([*_plain(), *_chosen(), *_read_only()])
    )


def _plain() -> list[Definition]:
    return [
        *(Definition(name, label) for name, label in TEXTS.items()),
        *(Definition(name, label, field_type="phonenumber") for name, label in PHONES.items()),
        *(Definition(name, label, "number", "number") for name, label in NUMBERS.items()),
        Definition("message", "Message", field_type="textarea"),
        Definition("closedate", "Close Date", "datetime", "date", "sales_properties"),
    ]


def _chosen() -> list[Definition]:
    employees = tuple((size, size) for size in EMPLOYEES)
    languages = tuple((code, code) for code in LANGUAGES)
    return [
        Definition("lifecyclestage", "Lifecycle Stage", "enumeration", "radio", options=options(STAGES)),
        Definition("hs_lead_status", "Lead Status", "enumeration", "radio", options=options(LEAD_STATUSES)),
        Definition("hs_buying_role", "Buying Role", "enumeration", "checkbox", options=options(BUYING_ROLES)),
        Definition(
            "numemployees", "Number of Employees", "enumeration", "select", options=options(employees)
        ),
        Definition("hs_language", "Preferred language", "enumeration", "select", options=options(languages)),
        Definition(
            "hubspot_owner_id",
            "Contact owner",
            "enumeration",
            "select",
            external_options=True,
            references="OWNER",
        ),
        Definition("hs_pipeline", "Pipeline", "enumeration", "select", external_options=True, hidden=True),
        Definition(
            "hs_facebook_ad_clicked",
            "Clicked Facebook ad",
            "bool",
            "booleancheckbox",
            options=options(YES_NO),
        ),
    ]


def _read_only() -> list[Definition]:
    return [
        Definition(
            name,
            label,
            kind,
            field_type,
            options=options(YES_NO) if field_type == "booleancheckbox" else (),
            external_options=field_type == "checkbox",
            read_only=True,
            form_field=False,
        )
        for name, (label, kind, field_type) in READ_ONLY.items()
    ]


def options(choices: tuple[tuple[str, str], ...]) -> tuple[Option, ...]:
    """Return options of pairs of a value and its label, in this order."""
    return tuple(Option(label, value, place) for place, (value, label) in enumerate(choices))
