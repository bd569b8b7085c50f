# SPDX-License-Identifier: Apache-2.0
"""The company properties that every portal has: the usual ones, with HubSpot's types.

HubSpot docs: knowledge base, "HubSpot's default company properties"; companies guide.
"""

from __future__ import annotations

from airflow_provider_hubcontact.sandbox.crm.properties.defaults import (
    LEAD_STATUSES,
    STAGES,
    YES_NO,
    chosen,
    chosen_elsewhere,
    listed,
    plain,
    worked_out,
)

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


PROPERTIES = listed(
    plain(TEXTS),
    plain(AREAS, field_type="textarea"),
    plain(NUMBERS, "number", "number"),
    plain({"phone": "Phone Number"}, field_type="phonenumber"),
    chosen("is_public", "Is Public", "booleancheckbox", YES_NO),
    chosen("industry", "Industry", "select", INDUSTRIES),
    chosen("type", "Type", "select", TYPES),
    chosen("lifecyclestage", "Lifecycle Stage", "radio", STAGES),
    chosen("hs_lead_status", "Lead Status", "radio", LEAD_STATUSES),
    chosen_elsewhere("hs_additional_domains", "Additional Domains", "checkbox"),
    chosen_elsewhere("hubspot_owner_id", "Company owner", references="OWNER"),
    chosen_elsewhere("hs_pipeline", "Pipeline", hidden=True),
    worked_out(READ_ONLY),
    group=GROUPS[0],
)
"""HubSpot's own company properties: names, types, options and read-only flags."""
