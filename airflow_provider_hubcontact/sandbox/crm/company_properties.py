"""The company properties that every portal has: the usual ones, with HubSpot's types.

HubSpot docs: knowledge base, "HubSpot's default company properties"; companies guide.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from airflow_provider_hubcontact.sandbox.crm.default_properties import (
    LEAD_STATUSES,
    STAGES,
    YES_NO,
    options,
)
from airflow_provider_hubcontact.sandbox.crm.definitions import Definition

GROUPS = (
    "companyinformation",
    "company_activity",
    "companylivefeed",
    "analyticsinformation",
    "socialmediainformation",
    "facebook_company",
)
"""The groups that a property may be put in."""

TEXTS = {
    "name": "Company name",
    "domain": "Company Domain Name",
    "website": "Website URL",
    "address": "Street Address",
    "address2": "Street Address 2",
    "city": "City",
    "state": "State/Region",
    "zip": "Postal Code",
    "country": "Country/Region",
    "timezone": "Time Zone",
    "founded_year": "Year Founded",
    "linkedin_company_page": "LinkedIn Company Page",
    "facebook_company_page": "Facebook Company Page",
    "twitterhandle": "Twitter Handle",
}
AREAS = {"description": "Description", "about_us": "About Us", "linkedinbio": "LinkedIn Bio"}
NUMBERS = {"numberofemployees": "Number of Employees", "annualrevenue": "Annual Revenue"}
TYPES = (
    ("PROSPECT", "Prospect"),
    ("PARTNER", "Partner"),
    ("RESELLER", "Reseller"),
    ("VENDOR", "Vendor"),
    ("OTHER", "Other"),
)
INDUSTRIES = (
    ("ACCOUNTING", "Accounting"),
    ("AUTOMOTIVE", "Automotive"),
    ("BANKING", "Banking"),
    ("BIOTECHNOLOGY", "Biotechnology"),
    ("CHEMICALS", "Chemicals"),
    ("COMPUTER_HARDWARE", "Computer Hardware"),
    ("COMPUTER_SOFTWARE", "Computer Software"),
    ("CONSTRUCTION", "Construction"),
    ("CONSUMER_GOODS", "Consumer Goods"),
    ("EDUCATION_MANAGEMENT", "Education Management"),
    ("FINANCIAL_SERVICES", "Financial Services"),
    ("HOSPITALITY", "Hospitality"),
    ("INFORMATION_TECHNOLOGY_AND_SERVICES", "Information Technology and Services"),
    ("INSURANCE", "Insurance"),
    ("INTERNET", "Internet"),
    ("MACHINERY", "Machinery"),
    ("MARKETING_AND_ADVERTISING", "Marketing and Advertising"),
    ("PHARMACEUTICALS", "Pharmaceuticals"),
    ("REAL_ESTATE", "Real Estate"),
    ("RETAIL", "Retail"),
    ("TELECOMMUNICATIONS", "Telecommunications"),
    ("UTILITIES", "Utilities"),
    ("WHOLESALE", "Wholesale"),
)
"""Some of HubSpot's industries, which are about 150."""

READ_ONLY = {
    "hs_object_id": ("Record ID", "number", "number"),
    "createdate": ("Create Date", "datetime", "date"),
    "hs_createdate": ("Object create date/time", "datetime", "date"),
    "hs_lastmodifieddate": ("Last Modified Date", "datetime", "date"),
    "hs_merged_object_ids": ("Merged record IDs", "enumeration", "checkbox"),
    "hs_object_source": ("Record source", "string", "text"),
    "hs_object_source_label": ("Record source label", "string", "text"),
    "hs_object_source_id": ("Record source ID", "string", "text"),
    "hubspot_owner_assigneddate": ("Owner assigned date", "datetime", "date"),
    "num_associated_contacts": ("Number of Associated Contacts", "number", "number"),
    "num_associated_deals": ("Number of Associated Deals", "number", "number"),
    "num_notes": ("Number of Sales Activities", "number", "number"),
    "notes_last_contacted": ("Last Contacted", "datetime", "date"),
    "notes_last_updated": ("Last Activity Date", "datetime", "date"),
    "total_revenue": ("Total Revenue", "number", "number"),
}
"""Property that HubSpot computes → label, type, field type."""


@cache
def default_properties() -> tuple[Definition, ...]:
    """Return HubSpot's own company properties: names, types, options and read-only flags."""
    return tuple(
        replace(definition, hubspot_defined=True, display_order=place, group=GROUPS[0])
        for place, definition in enumerate([*_writable(), *_read_only()])
    )


def _writable() -> list[Definition]:
    return [
        *(Definition(name, label) for name, label in TEXTS.items()),
        *(Definition(name, label, field_type="textarea") for name, label in AREAS.items()),
        *(Definition(name, label, "number", "number") for name, label in NUMBERS.items()),
        Definition("phone", "Phone Number", field_type="phonenumber"),
        Definition("is_public", "Is Public", "bool", "booleancheckbox", options=options(YES_NO)),
        Definition("industry", "Industry", "enumeration", "select", options=options(INDUSTRIES)),
        Definition("type", "Type", "enumeration", "select", options=options(TYPES)),
        Definition("lifecyclestage", "Lifecycle Stage", "enumeration", "radio", options=options(STAGES)),
        Definition("hs_lead_status", "Lead Status", "enumeration", "radio", options=options(LEAD_STATUSES)),
        Definition(
            "hs_additional_domains", "Additional Domains", "enumeration", "checkbox", external_options=True
        ),
        Definition(
            "hubspot_owner_id",
            "Company owner",
            "enumeration",
            "select",
            external_options=True,
            references="OWNER",
        ),
        Definition("hs_pipeline", "Pipeline", "enumeration", "select", external_options=True, hidden=True),
    ]


def _read_only() -> list[Definition]:
    return [
        Definition(
            name,
            label,
            kind,
            field_type,
            external_options=field_type in {"checkbox", "select"},
            read_only=True,
            form_field=False,
        )
        for name, (label, kind, field_type) in READ_ONLY.items()
    ]
