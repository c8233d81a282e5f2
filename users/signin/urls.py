"""The pages of the sign-in."""

from __future__ import annotations

from django.urls import path

from users.signin import account_views, reset_views, second_factor_views, views

app_name = "signin"
urlpatterns = [
    path("", views.signin_page, name="page"),
    path("out", views.sign_out, name="out"),
    path("account", account_views.account, name="account"),
    path("keys", account_views.create_key, name="keys"),
    path("keys/<uuid:key_id>/revoke", account_views.revoke_key, name="revoke-key"),
    path("links/<uuid:link_id>/refresh", account_views.refresh_link, name="refresh-link"),
    path("links/<uuid:link_id>/unlink", account_views.unlink, name="unlink"),
    path("password", reset_views.ask, name="password"),
    path("password/new", reset_views.new, name="password-new"),
    path("second-factor", second_factor_views.ask, name="second-factor"),
    path("second-factor/setup", second_factor_views.set_up, name="second-factor-setup"),
    path("second-factor/codes", second_factor_views.new_codes, name="second-factor-codes"),
    path("second-factor/remove", second_factor_views.remove, name="second-factor-remove"),
    path("with/<slug:provider>/start", views.start, name="start"),
    path("with/<slug:provider>/link", views.link, name="link"),
    path("with/<slug:provider>/callback", views.callback, name="callback"),
]
