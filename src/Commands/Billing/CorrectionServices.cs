using AIaaS.Commands.Bus;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Commands.Billing;

/// <summary>Registers corrections and what-if.</summary>
public static class CorrectionServices
{
    /// <summary>Adds notes, disputes, re-rating and what-if. Needs invoices and the read models.</summary>
    public static IServiceCollection AddCorrections(this IServiceCollection services)
    {
        services.AddSingleton<NoteService>();
        services.AddSingleton<NoteNumbers>();
        services.AddSingleton<DisputeService>();
        services.AddSingleton<ClosedPeriods>();
        services.AddSingleton<CorrectionDesk>();
        services.AddSingleton<TenantCredit>();
        services.AddSingleton<WhatIfDesk>();
        services.AddSingleton<CorrectionJob>();
        services.AddSingleton<NoteIssuer>();
        services.AddHandler<NoteIssuer>();
        return services;
    }
}
